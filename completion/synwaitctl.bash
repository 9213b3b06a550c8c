# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# bash completion for synwaitctl(8). Verbs, options and words are asked from the program: it alone knows them.

# The program that is being completed, options and verbs of its help, one per line.
_synwaitctl_verbs() {
    "$1" --help 2>/dev/null | sed -nE 's/^  ([a-z]+) .*/\1/p'
}

_synwaitctl_options() {
    "$@" --help 2>/dev/null | sed -nE 's/^  (-[a-z], )?(--[a-z-]+).*/\2/p'
}

# What may follow an option that takes an argument: the kind of word that `explain --list` knows, or a file.
_synwaitctl_argument() {
    case $2 in
    --config | --file) compgen -f -- "$3" ;;
    --state)
        compgen -W "$("$1" explain --list state 2>/dev/null | grep -vx -e states -e closed)" -- "$3"
        ;;
    --by) compgen -W 'port peer unit family' -- "$3" ;;
    --condition) compgen -W "$("$1" explain --list condition 2>/dev/null)" -- "$3" ;;
    -w | -c | --warning | --critical)
        compgen -S = -W "$("$1" explain --list condition 2>/dev/null)" -- "$3"
        ;;
    --unit) compgen -W "$(systemctl list-units --plain --no-legend 2>/dev/null | cut -d' ' -f1)" -- "$3" ;;
    --seconds | --port | --peer | --limit) ;;
    *) return 1 ;;
    esac
}

_synwaitctl() {
    local program=${COMP_WORDS[0]} current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
    local verb='' i words
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
        --config) ((i++)) ;;
        -*) ;;
        *)
            verb=${COMP_WORDS[i]}
            break
            ;;
        esac
    done
    COMPREPLY=()
    if words=$(_synwaitctl_argument "$program" "$previous" "$current"); then
        :
    elif [ -z "$verb" ] && [[ $current == -* ]]; then
        words=$(compgen -W "$(_synwaitctl_options "$program")" -- "$current")
    elif [ -z "$verb" ]; then
        words=$(compgen -W "$(_synwaitctl_verbs "$program")" -- "$current")
    elif [[ $current == -* ]]; then
        words=$(compgen -W "$(_synwaitctl_options "$program" "$verb")" -- "$current")
    elif [ "$verb" = explain ]; then
        words=$(compgen -W "$("$program" explain --list 2>/dev/null)" -- "$current")
    fi
    [ -z "$words" ] || mapfile -t COMPREPLY <<<"$words"
    [[ ${COMPREPLY[0]-} != *= ]] || compopt -o nospace 2>/dev/null
}

complete -F _synwaitctl synwaitctl
