#!/bin/bash
# The compiler wrapper lets a clean report through and refuses one with spills. nvcc is played by a script that prints a report.
report=$1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cat >"$work/nvcc" <<'X'
#!/bin/bash
cat <<Y
ptxas info    : Compiling entry function '_Z4testv' for 'sm_90a'
ptxas info    : Function properties for _Z4testv
    8 bytes stack frame, $SPILLS bytes spill stores, $SPILLS bytes spill loads
ptxas info    : Used 40 registers
Y
touch "${@: -1}"
X
chmod +x "$work/nvcc"

SPILLS=0 "$report" "$work/nvcc" -c x.cu -o "$work/clean.o" || { echo "a clean kernel was refused"; exit 1; }
[ -f "$work/clean.o" ] && grep -q "Used 40 registers" "$work/clean.o.ptxas" || { echo "no report was written"; exit 1; }
if SPILLS=16 "$report" "$work/nvcc" -c x.cu -o "$work/spilling.o" 2>"$work/said"; then
    echo "a spilling kernel was let through"
    exit 1
fi
[ ! -f "$work/spilling.o" ] || { echo "the object of a spilling kernel was left"; exit 1; }
grep -q "test()" "$work/said" || { echo "the kernel was not named"; cat "$work/said"; exit 1; }
echo "spill check works"
