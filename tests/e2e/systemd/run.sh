#!/bin/bash
# SPDX-License-Identifier: MIT
# Inside the lab: every check, in the order of a service's life. One leak lasts nearly all of it, so that its
# incident has to outlive an upgrade, the watchdog, a kill and two troubles of journald.
set -u
cd /src || exit 1
. tests/lib.sh
for part in tests/e2e/systemd/parts/*.sh; do
    # shellcheck source=/dev/null
    . "$part"
done

systemctl --version | head -n 1
prepare || exit
check 'an older build is installed' install_older
start_checks
leak_begins
upgrade_checks
sandbox_checks
flood_checks
reload_checks
fault_checks
journal_checks
leak_end_checks
privilege_checks
namespace_checks
removal_checks
summary
