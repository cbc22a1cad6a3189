# Runs a program in a root of its own as container runtimes make it: an overlay over an image, in new mount and pid
# namespaces.
# usage: unshare --mount --pid --fork bash container.sh IMAGE DIRECTORY PROGRAM [ARG...]
set -eu
image=$1 place=$2
shift 2
mount -t tmpfs tmpfs "$place"
mkdir "$place/upper" "$place/work" "$place/root"
mount -t overlay overlay -o "lowerdir=$image,upperdir=$place/upper,workdir=$place/work" "$place/root"
cd "$place/root"
mkdir proc before
mount -t proc proc proc
pivot_root . before
exec "$@"
