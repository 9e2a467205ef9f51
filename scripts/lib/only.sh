# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# --only WORD: the test programs that a script is to run. After options.sh.
#
#     --only) only "${2-}" && shift ;;     one word more; several mean those with any of them
#     known NAME…                          before anything is built: where no NAME has a word in it, the nearest is told; exit status 2
#     wanted NAME                          whether it has one of the words in it; without words all are wanted

words=()

only() {
        [ -n "$1" ] || refuse "--only takes a word"
        words+=("$1")
}

# The name with the fewest letters to change until WORD is in it; of equal ones the shortest.
nearest() {
        printf '%s\n' "${@:2}" | awk -v word="$1" '
        function least(a, b) { return a < b ? a : b }
        {
                for (i = 0; i <= length(word); i++) row[i] = i
                found = row[length(word)]
                for (j = 1; j <= length($0); j++) {
                        diagonal = 0
                        for (i = 1; i <= length(word); i++) {
                                above = row[i]
                                row[i] = least(diagonal + (substr(word, i, 1) != substr($0, j, 1)), least(above, row[i - 1]) + 1)
                                diagonal = above
                        }
                        found = least(found, row[length(word)])
                }
                if (!name || found < best || (found == best && length($0) < length(name))) { name = $0; best = found }
        }
        END { print name }'
}

known() {
        local word name
        for word in "${words[@]}"; do
                for name in "$@"; do
                        [[ $name != *"$word"* ]] || continue 2
                done
                refuse "--only \"$word\": of the test programs asked for none has that in its name; the nearest is $(nearest "$word" "$@")"
        done
}

wanted() {
        local word
        [ ${#words[@]} -gt 0 ] || return 0
        for word in "${words[@]}"; do
                [[ $1 != *"$word"* ]] || return 0
        done
        return 1
}
