#!/bin/bash
# deb.sh FOLDER: the Debian packages, made from the source as it stands here, without root. FOLDER gets them, and in
# FOLDER/upload what an archive takes: source, .changes and debug symbols.
set -euo pipefail
cd "$(dirname "$0")/.."
to=$(realpath -m "$1")
version=$(dpkg-parsechangelog -S Version)
work=$to/upload/cdnfs-$version
if [ "$version" != "$(sed -n 's/^VERSION := //p' Makefile)" ]; then
	echo "deb: debian/changelog has version $version, and the Makefile has another" >&2
	exit 1
fi

# the files of the source, and nothing that was built
sources() {
	if [ -e .git ]; then
		git ls-files -z -co --exclude-standard | while IFS= read -r -d '' file; do
			[ ! -e "$file" ] || printf '%s\0' "$file"
		done
	else
		find . -mindepth 1 -maxdepth 1 ! -name 'build*' ! -name var -print0
	fi
}

rm -rf "$to/upload"
mkdir -p "$work"
rm -f "$to"/*.deb
sources | tar --null -c -T - | tar -x -C "$work"
(cd "$work" && dpkg-buildpackage -us -uc "-j$(nproc)") > "$to/upload/build.log" 2>&1 || {
	tail -n 30 "$to/upload/build.log" >&2
	echo "deb: building failed; all it said is in $to/upload/build.log" >&2
	exit 1
}
rm -rf "$work"
find "$to/upload" -name 'cdn*.deb' ! -name '*-dbgsym_*' -exec ln -t "$to" {} +
echo "The packages are in ${to#"$PWD"/}:"
(cd "$to" && ls -1 -- *.deb)
