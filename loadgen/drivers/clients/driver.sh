# The half of a driver that the programs with a process an attempt share: the body,
# and the closed loops, each of which calls attempt LOOP for each of its attempts. A
# line is short enough for a pipe to take it whole, so that the loops need no lock.
export LC_ALL=C
work=$(mktemp -d ./work.XXXXXX)
body=
if [ "$REJECTBENCH_BODY" -gt 0 ]; then
	body=$work/body
	head -c "$REJECTBENCH_BODY" /dev/zero | tr '\0' x >"$body"
fi

run() {
	local n i pid failed=0 loops=()
	for ((n = 0; n < REJECTBENCH_CONCURRENCY; n++)); do
		# Loops of their own share the attempts out evenly.
		for ((i = (REJECTBENCH_REQUESTS + n) / REJECTBENCH_CONCURRENCY; i > 0; i--)); do
			attempt $n || exit 1
		done &
		loops+=($!)
	done
	for pid in "${loops[@]}"; do wait "$pid" || failed=1; done
	rm -r "$work"
	exit $failed
}
