# SPDX-License-Identifier: Apache-2.0
# Completion for fish: `trent __complete` knows what may stand at the cursor.
function __trent_complete
    set -l words (commandline -opc)
    set -l word (commandline -ct)
    set -l candidates ($words[1] __complete $words[2..] "$word" 2>/dev/null)
    if string match -q ':files*' -- $candidates[1]
        set -l before (string replace :files\t '' -- $candidates[1])
        # What fish completes behind any command.
        set -l path (string sub -s (math (string length -- "$before") + 1) -- "$word")
        printf "$before%s\n" (complete -C "'' $path")
    else
        printf '%s\n' $candidates
    end
end
complete -c trent -f -a '(__trent_complete)'
