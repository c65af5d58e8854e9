# One wget process per attempt. Its exit code gives the class of an error, its log
# the rest.
. "${0%/*}/driver.sh"
send=()
[ -z "$body" ] || send=("--post-file=$body" --header='Content-Type: application/octet-stream')

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
	# For a reset GnuTLS only says which of its functions failed.
	*'pull function'*'Unable to establish SSL'* | *'pull function'*'in headers'*) outcome=reset-receive ;;
	*'push function'*'Unable to establish SSL'*) outcome=reset-send ;;
	*'non-properly terminated'*'Unable to establish SSL'* | *'non-properly terminated'*'in headers'*) outcome=closed ;;
	*'request is invalid'*'in headers'*) outcome=closed ;; # a close_notify
	*'timed out'*'Unable to establish SSL'*) outcome=timeout-receive ;;
	*'Unable to establish SSL'*) outcome=bad-response ;;
	*'No data received'*) outcome=closed ;;
	*'in headers'*'reset'* | *'reset'*'in headers'*) outcome=reset-receive ;;
	*'in headers'*'timed out'* | *'timed out'*'in headers'*) outcome=timeout-receive ;;
	8:*'HTTP/'*' 503'*) outcome=delivered ;;
	4:*'HTTP/'*'Read error'*'timed out'*) outcome=timeout-receive ;;
	4:*'HTTP/'*) outcome=truncated ;; # an answer with an incomplete body
	8:* | 7:*) outcome=bad-response ;;
	4:*'timed out'*) outcome=timeout-receive ;;
	*'in headers'*) outcome=bad-response ;;
	*'connected.'*'Giving up'*) outcome=broken-pipe ;; # a failed send of the body, without details
	*) outcome=local-error ;;
	esac
}

attempt() { # INDEX
	local answer=$work/answer.$1 log exit started=${EPOCHREALTIME/./} end words
	log=$(wget --no-config --no-proxy --no-hsts --no-netrc --no-check-certificate --tries=1 --max-redirect=0 --content-on-error --server-response \
		--progress=dot --timeout="$REJECTBENCH_TIMEOUT" --output-document="$answer" "${send[@]}" "$REJECTBENCH_URL" 2>&1)
	exit=$?
	end=$((${EPOCHREALTIME/./} - started))
	# Remove the parts that every log has, and the times.
	words=$(grep -v -e ^-- -e ^WARNING -e '^The certificate' -e '^ ' <<<"$log")
	log=${log//[[:space:]]/ }
	judge $exit "$log"
	# wget does not compare the length of an error's body with its Content-Length.
	if [ $outcome = delivered ] && [[ $log =~ Content-Length:\ ([0-9]+) ]] && [ "$(stat -c %s "$answer")" -lt "${BASH_REMATCH[1]}" ]; then
		outcome=truncated
	fi
	case $outcome in
	admitted | delivered) words= ;;
	*)
		words=${words//[\\\"[:cntrl:]]/ }
		words="exit $exit: ${words:0:400}"
		;;
	esac
	milliseconds started "$started"
	milliseconds end "$end"
	printf '{"attempt":%d,"outcome":"%s","started_ms":%s,"end_ms":%s,"error":"%s"}\n' "$1" "$outcome" "$started" "$end" "$words"
}

run
