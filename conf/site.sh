#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds the documentation as a site with search:
#   sh conf/site.sh [DIRECTORY]
# DIRECTORY, build/site by default, is made anew; what it is made of is in DIRECTORY-pages. It needs mkdocs
# and its theme material, of Debian: apt install mkdocs mkdocs-material mandoc
set -eu
source=$(cd "$(dirname "$0")/.." && pwd)
site=${1:-$source/build/site}
case $site in /*) ;; *) site=$PWD/$site ;; esac
pages=$site-pages

for program in mkdocs mandoc; do
  command -v $program >/dev/null || {
    echo "There is no $program: apt install mkdocs mkdocs-material mandoc" >&2
    exit 1
  }
done

# In the site, the pages of docs/ are at the top, README is start.md, and all else is where it is.
rm -rf "$site" "$pages"
mkdir -p "$pages/man"
for page in "$source"/docs/*.md; do
  sed -e 's|](\.\./README\.md|](start.md|g' -e 's|](\.\./|](|g' -e 's|](man/\([^)]*\))|](man/\1.html)|g' \
    "$page" >"$pages/$(basename "$page")"
done
cp -r "$source/docs/pictures" "$source/docs/trent.toml.schema.json" "$pages"
sed -e 's|](docs/|](|g' -e 's|"docs/|"|g' "$source/README.md" >"$pages/start.md"
# A block with the name of a file has it for a title.
sed -i 's|^```\([a-z]*\) \(..*\)$|```\1 title="\2"|' "$pages"/*.md
for page in CONTRIBUTING SECURITY CHANGELOG; do
  sed 's|](docs/|](|g' "$source/$page.md" >"$pages/$page.md"
done
cp -r "$source/examples" "$pages"
sed -i 's|](\.\./docs/|](../|g' "$pages/examples/README.md"
# Files that pages point to: of conf/, src/ and tests/.
cat "$source"/docs/*.md "$source"/*.md | grep -oE '\]\((\.\./)?(conf|src|tests|include)/[^)#]+' |
  sed -e 's|^](||' -e 's|^\.\./||' | sort -u | while read -r file; do
  mkdir -p "$pages/$(dirname "$file")"
  cp -r "$source/$file" "$pages/$file"
done
for page in "$source"/docs/man/*.[1-9]; do
  mandoc -T html -O "man=%N.%S.html" "$page" >"$pages/man/$(basename "$page").html"
done

# Paths in it are meant from where it is.
sed -e "s|^docs_dir: .*|docs_dir: $pages|" -e "s|^site_dir: .*|site_dir: $site|" "$source/conf/mkdocs.yml" \
  >"$pages.yml"
# A link that leads nowhere is an error.
mkdocs build --quiet --strict --config-file "$pages.yml"
rm "$pages.yml"
echo "$site/index.html"
