# The shared part of the drivers with one process per attempt: the body, and the
# start lines. It calls attempt INDEX in a process for each attempt. A pipe takes a
# short line in one piece, so that the processes need no lock.
export LC_ALL=C
work=$(mktemp -d ./work.XXXXXX)
body=
if [ "$REJECTBENCH_BODY" -gt 0 ]; then
	body=$work/body
	head -c "$REJECTBENCH_BODY" /dev/zero | tr '\0' x >"$body"
fi

# milliseconds VARIABLE MICROSECONDS: sets the variable
milliseconds() {
	printf -v "$1" '%d.%03d' $(($2 / 1000)) $(($2 % 1000))
}

run() {
	local index
	echo ready
	while read -r index; do
		{ attempt "$index" || kill $$; } &
	done
	wait
	rm -r "$work"
}
