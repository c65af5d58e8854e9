# A wget process an attempt. It tells the class of an error by its exit code and
# the rest in words.
export LC_ALL=C
work=$(mktemp -d ./work.XXXXXX)
send=()
if [ "$REJECTBENCH_BODY" -gt 0 ]; then
	head -c "$REJECTBENCH_BODY" /dev/zero | tr '\0' x >"$work/body"
	send=("--post-file=$work/body" --header='Content-Type: application/octet-stream')
fi

# judge EXIT LOG: sets outcome
judge() {
	case $1:$2 in
	0:*) outcome=admitted ;;
	*'Connection refused'*) outcome=refused ;;
	*'failed: Connection timed out'*) outcome=timeout-connect ;;
	*'failed: Connection reset'*) outcome=reset-connect ;;
	*'failed: '*'Cannot assign'* | *unreachable* | *'Too many open files'*) outcome=local-error ;;
	*'Failed writing'*'Broken pipe'* | *'write'*'Broken pipe'*) outcome=broken-pipe ;;
	*'Failed writing'*) outcome=reset-send ;;
	*'connected. Giving up'*) outcome=broken-pipe ;; # a failed send of the body, of which it says no more
	*'No data received'*) outcome=closed ;;
	*'in headers'*'reset'* | *'reset'*'in headers'*) outcome=reset-receive ;;
	*'in headers'*'timed out'* | *'timed out'*'in headers'*) outcome=timeout-receive ;;
	8:*'HTTP/'*' 503'*) outcome=delivered ;;
	4:*'HTTP/'*'Read error'*'timed out'*) outcome=timeout-receive ;;
	4:*'HTTP/'*) outcome=truncated ;; # an answer whose body broke off
	8:* | 7:*) outcome=bad-response ;;
	4:*'timed out'*) outcome=timeout-receive ;;
	*) outcome=local-error ;;
	esac
}

since() { # a time of EPOCHREALTIME, in milliseconds
	local us=$((${EPOCHREALTIME/./} - ${1/./}))
	printf '%d.%03d' $((us / 1000)) $((us % 1000))
}

attempts() { # how many to make, in which loop
	local body=$work/answer.$2 i log exit started end words
	for ((i = 0; i < $1; i++)); do
		started=$EPOCHREALTIME
		log=$(wget --no-config --no-proxy --no-hsts --no-netrc --tries=1 --max-redirect=0 --content-on-error --server-response \
			--progress=dot --timeout="$REJECTBENCH_TIMEOUT" --output-document="$body" "${send[@]}" "$REJECTBENCH_URL" 2>&1)
		exit=$?
		end=$(since "$started")
		log=${log//[[:space:]]/ }
		judge $exit "$log"
		# It does not compare the length of an error's body with what was announced.
		if [ $outcome = delivered ] && [[ $log =~ Content-Length:\ ([0-9]+) ]] && [ "$(stat -c %s "$body")" -lt "${BASH_REMATCH[1]}" ]; then
			outcome=truncated
		fi
		words=
		case $outcome in
		admitted | delivered) ;;
		*)
			words=${log//[\\\"[:cntrl:]]/ }
			words="exit $exit: ${words:0:400}"
			;;
		esac
		printf '{"outcome":"%s","end_ms":%s,"error":"%s"}\n' "$outcome" "$end" "$words"
	done
}

loops=()
for ((n = 0; n < REJECTBENCH_CONCURRENCY; n++)); do
	attempts $(((REJECTBENCH_REQUESTS + n) / REJECTBENCH_CONCURRENCY)) $n &
	loops+=($!)
done
failed=0
for pid in "${loops[@]}"; do wait "$pid" || failed=1; done
rm -r "$work"
exit $failed
