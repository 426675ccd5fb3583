// SPDX-License-Identifier: Apache-2.0
// One operation of KMS: done, and its result printed.
#include "cli/perform.h"

#include <memory>
#include <system_error>

#include "cli/errors.h"
#include "cli/formats.h"
#include "cli/output.h"
#include "cli/query.h"
#include "cli/replace_file.h"
#include "cli/service_error.h"

namespace trent::cli {

namespace {

void check_output_file(const std::string& path) {
  if (path == "-")
    throw UsageError(
        "--output-file takes the path of a file; without it, the result goes to "
        "standard output.");
  try {
    check_replaceable(path);
  } catch (const UsageError& error) {
    throw UsageError(std::string("--output-file: ") + error.what());
  }
}

void write_output_file(const std::string& path, ByteView result, bool secret) {
  try {
    replace_file(path, result, secret ? Readers::UserOnly : Readers::AsBefore);
  } catch (const std::system_error& error) {
    throw Failure(std::string("The operation was done, but its result could not be written. ") +
                  error.what());
  }
}

// As `aws` has it, a token behind a list of text.
SecretString text_with_token(kms::Json json) {
  SecretString token;
  if (json.is_object())
    if (const auto found = json.find("NextToken"); found != json.end()) {
      token = "NEXTTOKEN\t" + found->get<SecretString>() + '\n';
      json.erase(found);
    }
  return text_format(json) + token;
}

class Printer {
 public:
  // Throws UsageError for what cannot be printed.
  Printer(const KmsCommand& command, const CommonOptions& options)
      : command_(command), options_(options) {
    if (options.query) {
      if (options.output == "raw" || options.output == "list")
        throw UsageError("--query takes something out of the JSON, and --output " + options.output +
                         " prints no JSON: use json, text, table or yaml.");
      try {
        query_.emplace(*options.query);
      } catch (const QueryError& error) {
        throw UsageError("Bad value for --query: " + std::string(error.what()) + ".");
      }
    }
    if (options.output_file) check_output_file(*options.output_file);
    if (options.output != "raw") return;
    if (command.raw() == Raw::None)
      throw UsageError(
          "It has more than one result, so there is no raw output: take them from the "
          "JSON.");
    if (command.raw() == Raw::Binary && at_terminal_)
      throw UsageError(
          "The result is binary and would upset the terminal: write it to a file "
          "(--output-file PATH), or use --output json.");
  }

  void print(Answer answer, const std::string& list) const {
    if (options_.output == "raw") {
      if (command_.raw() == Raw::Data && at_terminal_ && !is_printable(answer.raw))
        throw UsageError(
            "The plaintext is binary and would upset the terminal: write it to a file "
            "(--output-file PATH), or use --output json.");
      return write(answer.raw);
    }
    if (options_.output == "list") return write(as_bytes(list));
    print(std::move(answer.json));
  }

  void print(kms::Json json) const {
    const SecretString text = formatted(std::move(json));
    write(as_bytes(at_terminal_ && options_.output != "json" ? for_terminal(text) : text));
  }

 private:
  SecretString formatted(kms::Json json) const {
    dates_to_iso8601(json);
    try {
      if (query_) json = query_->apply(json);
      if (options_.output == "text") return text_with_token(std::move(json));
      if (options_.output == "table")
        return table_format(command_.operation().name, json, terminal_width());
    } catch (const QueryError& error) {
      throw Failure("The operation was done, but --query does not fit its result: " +
                    std::string(error.what()) + ".");
    } catch (const std::invalid_argument& error) {
      throw Failure(
          "The operation was done, but its result is no table: " + std::string(error.what()) + ".");
    }
    return options_.output == "yaml" ? yaml_format(json) : indented(json);
  }

  void write(ByteView result) const {
    if (options_.output_file)
      write_output_file(*options_.output_file, result, command_.is_secret());
    else
      write_output(result);
  }

  const KmsCommand& command_;
  const CommonOptions& options_;
  const bool at_terminal_ = !options_.output_file && output_is_terminal();
  std::optional<Query> query_;
};

}  // namespace

int perform(KmsCommand& command, const CommonOptions& options) {
  const Printer printer(command, options);
  if (options.skeleton == "input") {
    write_output(as_bytes(indented(command.skeleton_of_request())));
    return kSuccess;
  }
  if (options.input_json) command.take_input(*options.input_json);
  if (options.skeleton) {
    if (command.operation().has_response()) printer.print(command.skeleton_of_response());
    return kSuccess;
  }
  const std::unique_ptr<KmsEndpoint> endpoint = open_endpoint(options.endpoint);
  std::string list;
  Answer answer = reported(command.operation(), [&] {
    Answer given = command.run(*endpoint);
    if (options.output == "list") list = given.list();
    return given;
  });
  if (!answer.json.is_null()) printer.print(std::move(answer), list);
  return kSuccess;
}

}  // namespace trent::cli
