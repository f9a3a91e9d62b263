#!/bin/bash
# Runs the tests of test/vm on each kernel given, on all at the same time, and ends with the
# sum of the reports: test.sh KERNEL...
# Each machine is a job with its own process group, which ends as a whole.
set -uo pipefail -m
declare -A machine
trap 'kill -- "${machine[@]/#/-}" 2>/dev/null' EXIT
trap 'exit 130' INT TERM
report_of() { echo "build/vm/report-$(basename "$1")"; }

mkdir -p build/vm
export VM_DEADLINE=${VM_DEADLINE:-1200}
for kernel; do
  # So that `tail` below finds it, however soon it starts.
  : >"$(report_of "$kernel")"
  tools/vm/run.sh "$kernel" env CI=1 NO_COLOR=1 \
    node_modules/.bin/vitest run --config vitest.vm.config.ts >"$(report_of "$kernel")" 2>&1 &
  machine[$kernel]=$!
done

passed=0 failed=0
for kernel; do
  echo "On the kernel of $(basename "$kernel"):"
  report=$(report_of "$kernel")
  tail --follow --lines=+1 --pid="${machine[$kernel]}" "$report"
  wait "${machine[$kernel]}"
  status=$?
  read -r some others < <(sed -nE 's/^(.*[^0-9])?([0-9]+) passed, ([0-9]+) failed.*/\2 \3/p' "$report" | tail -n 1)
  passed=$((passed + ${some:-0}))
  # What ended without saying so has failed, too.
  [ "$status" = 0 ] || [ "${others:-0}" != 0 ] || others=1
  failed=$((failed + ${others:-0}))
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
