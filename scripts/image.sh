#!/usr/bin/env bash
# Builds docker/Dockerfile with podman, as the image coroom-agent. Where no registry can be reached, the image that it
# begins with is made here, of Debian's packages, and imported under that name. Prints the image's name.
set -euo pipefail
cd "$(dirname "$0")/.."
image=${1:-coroom-agent}
scripts/isolation.sh
podman=(podman --events-backend=none)
base=$(sed -n 's/^FROM \([^ ]*\)$/\1/p' docker/Dockerfile | tail -n 1)
if ! "${podman[@]}" image exists "$base" && ! timeout 120 "${podman[@]}" pull -q "docker.io/library/$base" >&2; then
  echo "image: no registry gives $base: it is made of Debian's packages …" >&2
  if ! command -v mmdebstrap >/dev/null; then
    apt-get update -qq >&2
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends mmdebstrap >&2
  fi
  mmdebstrap --quiet --variant=minbase --include=ca-certificates bookworm - |
    "${podman[@]}" import --quiet --change 'CMD ["bash"]' - "$base" >&2
fi
# Needs no runtime and no bridge, so that it works wherever podman does; nothing of it is in the image.
with=(--isolation chroot --network host --pull=never)
if [ -n "${NODE_EXTRA_CA_CERTS:-}" ]; then
  with+=(--volume "$NODE_EXTRA_CA_CERTS:/run/known.crt:ro" --build-arg NODE_EXTRA_CA_CERTS=/run/known.crt)
fi
"${podman[@]}" build "${with[@]}" --tag "$image" docker >&2
echo "$image"
