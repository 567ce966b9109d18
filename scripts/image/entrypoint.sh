#!/bin/sh
# The command lines of RocketMQ's own image work here, too: `sh mqnamesrv …`, `./mqnamesrv …`, `nameserver …`.
case ${1-} in
  sh | bash | /bin/sh | /bin/bash) exec "$@" ;;
  mqnamesrv | ./mqnamesrv | nameserver) shift ;;
esac
exec /opt/mqnamesrv/bin/mqnamesrv "$@"
