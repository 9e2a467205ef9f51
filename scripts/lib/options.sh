# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# What scripts say of their options: the comment at their head is their help; what cannot be understood is named before anything begins.
#
#     help                            prints that comment; exit status 0
#     unknown "$1"                    names an option that there is not; exit status 2
#     a_number "$1" "${2-}" [LEAST]   ends like that where the value of an option is no whole number from LEAST (1) on
#     a_value "$1" "${2-}" "a file"   where there is none
#     a_user "$1" "${2-}"             where there is no such user, or who asks may not become another
#     commit_of FOLDER                prints what was checked out there, for a report; nothing where that cannot be told. Figures of docs/proof,
#                                     which are written as it is measured, make it no other one

help() {
        sed -n '3,${ /^#/!q; s/^# \{0,1\}//p }' "$0"
        exit 0
}

refuse() {
        echo "scripts/${0##*/}: $1; scripts/${0##*/} --help tells what there is" >&2
        exit 2
}

unknown() {
        refuse "no option \"$1\""
}

a_number() {
        if [[ ! $2 =~ ^(0|[1-9][0-9]{0,14})$ ]] || [ "$2" -lt "${3:-1}" ]; then
                refuse "$1 takes a whole number from ${3:-1} on, not \"$2\""
        fi
}

a_value() {
        [ -n "$2" ] || refuse "$1 takes $3"
}

a_user() {
        a_value "$1" "$2" "a user's name"
        id -- "$2" >/dev/null 2>&1 || refuse "$1 \"$2\": there is no such user here"
        [ "$(id -u)" = 0 ] || refuse "$1 is for root, who may become $2"
}

commit_of() {
        local name
        name=$(git -C "$1" describe --always --abbrev=12 2>/dev/null) || return 0
        [ -z "$(git -C "$1" status --porcelain --untracked-files=no -- . ':!docs/proof' ':!docs/proof.md' 2>/dev/null)" ] || name+=-dirty
        echo "$name"
}
