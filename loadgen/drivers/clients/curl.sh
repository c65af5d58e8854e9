# One curl process per attempt. curl writes its figures with -w; its exit code and
# error text determine the outcome.
. "${0%/*}/driver.sh"
send=()
[ -z "$body" ] || send=(--data-binary "@$body" --header 'Content-Type: application/octet-stream')

# judge EXIT STATUS CONNECTED HEADERS ERROR: sets outcome
judge() {
	local before=reset-receive
	[ "$4" = 0 ] || before=truncated
	case $1:$5 in
	0:*)
		case $2 in
		2??) outcome=admitted ;;
		503) outcome=delivered ;;
		*) outcome=bad-response ;;
		esac ;;
	7:*refused*) outcome=refused ;;
	7:*reset*) outcome=reset-connect ;;
	7:*[Tt]imed\ out*) outcome=timeout-connect ;;
	7:*) outcome=local-error ;;
	35:*[Rr]eset*) outcome=reset-receive ;; # in the TLS handshake
	35:*SSL_ERROR_SYSCALL* | 35:*' eof '*) outcome=closed ;;
	35:*) outcome=bad-response ;;
	18:*) outcome=truncated ;; # partial file
	28:*) # time limit
		if [ "$3" = 0.000000 ]; then outcome=timeout-connect; else outcome=timeout-receive; fi ;;
	52:*) outcome=closed ;; # empty reply
	55:*[Rr]eset*) outcome=reset-send ;;
	55:*) outcome=broken-pipe ;;
	56:*' eof '*) # an end of the connection without a close_notify
		if [ $before = truncated ]; then outcome=truncated; else outcome=closed; fi ;;
	56:*alert* | 56:*'wrong version'* | 56:*'bad record'*) outcome=bad-response ;;
	56:*) outcome=$before ;;
	1:* | 8:* | 22:* | 43:* | 61:*) outcome=bad-response ;; # not HTTP, or an unexpected answer
	*) outcome=local-error ;;
	esac
}

attempt() { # INDEX
	local started=${EPOCHREALTIME/./} log=$work/log.$1 out status port connected headers first total exit words
	out=$(curl --silent --verbose --disable --noproxy '*' --http1.1 --insecure --max-time "$REJECTBENCH_TIMEOUT" --output /dev/null "${send[@]}" \
		--write-out '%{http_code} %{local_port} %{time_connect} %{size_header} %{time_starttransfer} %{time_total} %{exitcode} %{errormsg}' "$REJECTBENCH_URL" 2>"$log")
	read -r status port connected headers first total exit words <<<"$out"
	[ -n "$exit" ] || { echo "curl wrote: $out" >&2; return 1; }
	[ "$exit" -ne 0 ] || words=
	# Only its verbose output says why it could not connect.
	[ "$exit" -ne 7 ] || words="$words: $(grep -m 1 failed: "$log")"
	judge "$exit" "$status" "$connected" "$headers" "$words"
	words=${words//[\\\"[:cntrl:]]/ }
	# During an upload curl reports the start of the transfer here.
	[ "$status" != 000 ] && [ -z "$body" ] || first=0.000000
	milliseconds started "$started"
	milliseconds first "10#${first/./}" # curl writes seconds with six decimal digits
	milliseconds total "10#${total/./}"
	printf '{"attempt":%d,"outcome":"%s","started_ms":%s,"response_ms":%s,"end_ms":%s,"port":%d,"error":"%s"}\n' \
		"$1" "$outcome" "$started" "$first" "$total" "$port" "${words:0:200}"
}

run
