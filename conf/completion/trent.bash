# SPDX-License-Identifier: Apache-2.0
# Completion for bash: `trent __complete` knows what may stand at the cursor.
_trent() {
  local line=${COMP_LINE:0:COMP_POINT} words=('') candidates=() typed each i
  # bash takes words apart at = and :, but where there is no blank they are one.
  for ((i = 0; i < COMP_CWORD; i++)); do
    [[ $line != [[:blank:]]* ]] || words+=('')
    line=${line#"${line%%[![:blank:]]*}"}
    words[-1]+=${COMP_WORDS[i]}
    line=${line#"${COMP_WORDS[i]}"}
  done
  [[ $line != [[:blank:]]* ]] || words+=('')
  words[-1]+=${line#"${line%%[![:blank:]]*}"}
  words[-1]=${words[-1]#[\"\']}

  mapfile -t candidates < <("$1" __complete "${words[@]:1}" 2>/dev/null)
  if [[ ${candidates[0]-} == :files$'\t'* ]]; then
    local before=${candidates[0]#*$'\t'}
    mapfile -t candidates < <(compgen -f -- "${words[-1]#"$before"}")
    for i in "${!candidates[@]}"; do
      each=${candidates[i]}
      [[ ! -d ${each/#\~\//$HOME/} ]] || each+=/
      candidates[i]=$before$each
    done
    compopt -o filenames
  fi
  # What stands before the last of these is no part of the word that readline completes.
  typed=${words[-1]%"${words[-1]##*[:=]}"}
  COMPREPLY=()
  for each in "${candidates[@]%%$'\t'*}"; do COMPREPLY+=("${each#"$typed"}"); done
  [[ ${#COMPREPLY[@]} != 1 || ${COMPREPLY[0]} != */ ]] || compopt -o nospace
}
complete -F _trent trent
