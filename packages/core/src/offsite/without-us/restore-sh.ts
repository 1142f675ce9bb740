/** For any POSIX shell. What it takes from a recipe is checked to be numbers before it is used. */
export const RESTORE_SH = String.raw`#!/bin/sh
# sh restore.sh RECIPE OUT [KEY]: puts an archive together from its packs (see readme.txt)
set -eu
[ $# -ge 2 ] || { sed -n 2p "$0"; exit 2; }
from=$(dirname "$0") key=${'$'}{3:-} work=$(mktemp -d "$2.XXXXXX")
trap 'rm -rf "$work"' EXIT && trap 'exit 1' HUP INT TERM
plain() { case $1 in *.age) age -d -i "$key" "$1" ;; *) cat "$1" ;; esac; }
plain "$1" > "$work/recipe"
sed -n 's/^# pack \([0-9]*\) \([0-9a-f]*\) .*/\1 \2/p' "$work/recipe" | while read -r n pack; do
  for object in "$from/packs/$(printf %.2s "$pack")/$pack".pack*; do plain "$object" > "$work/$n"; done
done
sed -n '/^[0-9]* [0-9]* [0-9]*$/p' "$work/recipe" | while read -r p o l; do
  tail -c "+$((o + 1))" "$work/$p" | head -c "$l"
done > "$work/out"
sum=$(sed -n 's/^# sha256 //p' "$work/recipe")
[ "$(sha256sum < "$work/out")" = "$sum  -" ] || { echo "$2: not the archive of its recipe" >&2; exit 3; }
mv "$work/out" "$2"
`;
