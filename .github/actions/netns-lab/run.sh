#!/usr/bin/env bash
# What the composite action runs. In: SCENARIOS, KERNELS, BASELINE and the runner's own variables. Out: `verdict` and
# `report` in $GITHUB_OUTPUT, a table in $GITHUB_STEP_SUMMARY, and the status of the lab.
set -euo pipefail

lab=$(cd -- "${GITHUB_ACTION_PATH:?}/../../.." && pwd)
out=${RUNNER_TEMP:?}/netns-lab
mkdir -p "$out"
read -ra scenarios <<<"${SCENARIOS:-}"
read -ra kernels <<<"${KERNELS:-}"

# sudo forgets the PATH that setup-node made.
as_root=()
if [ "$(id -u)" -ne 0 ]; then as_root=(sudo env "PATH=$PATH" "HOME=$HOME"); fi
node=$(command -v node)

"${as_root[@]}" bash "$lab/lab/provision" ${kernels[0]:+--kernels}

status=0
if [ "${#kernels[@]}" -gt 0 ]; then
  report=$out/reports
  "${as_root[@]}" "$node" "$lab/dist/src/cli/main.js" matrix "${kernels[@]/#/--kernel=}" "${scenarios[@]}" --out "$report" || status=$?
else
  report=$out/report.json
  "${as_root[@]}" "$node" "$lab/dist/src/cli/main.js" run "${scenarios[@]}" --load-modules --keep-going --json "$report" || status=$?
fi
if [ -n "${BASELINE:-}" ] && [ -f "$report" ]; then
  "$node" "$lab/dist/src/cli/main.js" diff "$BASELINE" "$report" --format markdown >>"${GITHUB_STEP_SUMMARY:?}" || status=$?
fi

"$node" "$lab/dist/lab/action-summary.js" "$report"
exit "$status"
