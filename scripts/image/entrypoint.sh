#!/bin/sh
# The command lines of RocketMQ's own image work here, too: `sh mqnamesrv …`, `./mqnamesrv …`, `nameserver …`; also with the path of
# its release, which this image does not have.
case ${1-} in
  sh | bash | /bin/sh | /bin/bash)
    case ${2-} in
      mqnamesrv | */mqnamesrv) shift ;;
      *) exec "$@" ;;
    esac
    ;;
esac
case ${1-} in
  mqnamesrv | */mqnamesrv | nameserver) shift ;;
esac
exec /opt/mqnamesrv/bin/mqnamesrv "$@"
