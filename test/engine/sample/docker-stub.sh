#!/bin/sh
# Answers the docker CLI calls wrangler makes before it starts workerd; nothing is built or pulled.
case "$1" in
  build) cat > /dev/null ;;
  context) echo "{\"Current\":true,\"DockerEndpoint\":\"$DOCKER_HOST\"}" ;;
  --host) echo '[]' ;;
  *) echo '{}' ;;
esac
