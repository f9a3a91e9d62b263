#!/bin/bash
# Runs the tests of test/vm on each kernel given, and ends with the sum of both reports:
# test.sh KERNEL...
set -uo pipefail
passed=0 failed=0
mkdir -p build/vm
for kernel; do
  echo "On the kernel of $(basename "$kernel"):"
  report=build/vm/report-$(basename "$kernel")
  tools/vm/run.sh "$kernel" env CI=1 NO_COLOR=1 \
    node_modules/.bin/vitest run --config vitest.vm.config.ts | tee "$report"
  status=${PIPESTATUS[0]}
  read -r some others < <(sed -nE 's/^(.*[^0-9])?([0-9]+) passed, ([0-9]+) failed.*/\2 \3/p' "$report" | tail -n 1)
  passed=$((passed + ${some:-0}))
  # What ended without saying so has failed, too.
  [ "$status" = 0 ] || [ "${others:-0}" != 0 ] || others=1
  failed=$((failed + ${others:-0}))
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
