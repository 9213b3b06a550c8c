#!/bin/bash
# SPDX-License-Identifier: MIT
# Completion of synwaitctl in bash and zsh, each by the shell itself. B names the build directory.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/lib.sh

PATH=$(realpath "${B:-build}"):$PATH
. completion/synwaitctl.bash

verbs='advise check diagnose explain sockets states status top'

# What bash offers for the words given, the last of which is being typed; sorted.
offers() {
    COMP_WORDS=("$@")
    COMP_CWORD=$(($# - 1))
    _synwaitctl
    printf '%s\n' "${COMPREPLY[@]}" | sort | xargs
}

# offered WANTED WORD...: exactly these.
offered() {
    local wanted=$1 found
    shift
    found=$(offers "$@")
    [ "$found" = "$wanted" ] || { echo "offered: $found"; return 1; }
}

# offered_among WANTED WORD...: these among others.
offered_among() {
    local wanted=$1 found
    shift
    found=$(offers "$@")
    case " $found " in *" $wanted "*) ;; *) echo "offered: $found"; return 1 ;; esac
}

# Every verb of the help has a help of its own, whose options are offered.
every_option() {
    local verb options
    for verb in $verbs; do
        options=$(synwaitctl "$verb" --help | grep -oE -- '--[a-z-]+' | sort -u | xargs)
        offered "$options" synwaitctl "$verb" -- || { echo "of $verb"; return 1; }
    done
}

# zsh_types TYPED WANTED: what an interactive zsh makes of it once the tab key is pressed.
zsh_types() {
    local screen
    screen=$(timeout 60 zsh -f tests/e2e/zsh_completion "$PWD/completion" "$1")
    case $screen in *"$2"*) ;; *) echo "$screen"; return 1 ;; esac
}

check 'bash: every verb' offered "$verbs" synwaitctl ''
check 'bash: a verb begun' offered diagnose synwaitctl di
check 'bash: options before the verb' offered_among --no-color synwaitctl --
check 'bash: options of every verb' every_option
check 'bash: after an option with an argument' offered --seconds synwaitctl --config file diagnose --s
check 'bash: a file' offered completion/synwaitctl.bash synwaitctl --config completion/syn
check 'bash: states' offered close-wait synwaitctl sockets --state close
check 'bash: conditions, with a value to come' offered syn-overflow= synwaitctl check -w syn-o
check 'bash: words' offered_among net.ipv4.tcp_tw_reuse synwaitctl explain net.ipv4.tcp_tw
check 'bash: nothing for a number' offered '' synwaitctl sockets --port ''
if needs zsh 'zsh completion'; then
    check 'zsh: a verb begun' zsh_types 'synwaitctl diag' 'synwaitctl diagnose'
    check 'zsh: an option of a verb' zsh_types 'synwaitctl diagnose --sec' 'synwaitctl diagnose --seconds'
    check 'zsh: states' zsh_types 'synwaitctl sockets --state close-w' '--state close-wait'
    check 'zsh: conditions' zsh_types 'synwaitctl check -w syn-over' '-w syn-overflow='
    check 'zsh: words' zsh_types 'synwaitctl explain net.ipv4.tcp_tw_reu' 'explain net.ipv4.tcp_tw_reuse'
fi
summary
