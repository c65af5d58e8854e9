# The shared part of the drivers with one process per attempt: the body, and the
# closed loops, which call attempt LOOP for each attempt. A pipe takes a short line
# in one piece, so that the loops need no lock.
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
		# The loops share the attempts evenly.
		for ((i = (REJECTBENCH_REQUESTS + n) / REJECTBENCH_CONCURRENCY; i > 0; i--)); do
			attempt $n || exit 1
		done &
		loops+=($!)
	done
	for pid in "${loops[@]}"; do wait "$pid" || failed=1; done
	rm -r "$work"
	exit $failed
}
