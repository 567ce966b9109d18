#!/bin/sh
# runc on a machine that may not raise its limit of open files: a process in a container that asks for more gets what the machine has.
limit=$(ulimit -Hn)
if [ "$limit" = unlimited ] || (ulimit -Hn $((limit + 1))) 2>/dev/null; then exec runc "$@"; fi
previous=
for argument; do
  case $previous in
    --bundle) file=$argument/config.json ;;
    --process) file=$argument ;;
  esac
  previous=$argument
done
[ -z "${file-}" ] || sed -Ei "s/(\"RLIMIT_NOFILE\",\"hard\":)[0-9]+(,\"soft\":)[0-9]+/\1$limit\2$limit/" "$file"
exec runc "$@"
