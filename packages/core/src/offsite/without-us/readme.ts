/** For who finds the store and nothing else. */
export const README = `Copies of backups, made by gofr-backup
======================================

Each copy comes back as the very archive (.tar.gz or another) that was backed up, with this program or without it.

With it:      gofr-backup restore --store URL --identity KEY --latest --to DIRECTORY
Without it:   get a copy of this directory (all of it, or the recipe and the packs that it names), then

                  sh restore.sh recipes/daily/NAME.recipe.age NAME KEY      or
                  python3 restore.py recipes/daily/NAME.recipe.age NAME KEY

              NAME is the archive that you want, KEY the file with the identity (AGE-SECRET-KEY-1...), of the
              host's operator or the one that was printed for recovery. Both scripts need \`age\`
              (https://age-encryption.org) where the names end with .age, and no KEY where they do not. They
              check the SHA-256 of the whole before NAME is there. Unpack it with tar.

What lies here:

  recipes/<tier>/<archive>.recipe[.age]   text: which spans of which packs, one after another, are the archive
  packs/<aa>/<sha256>.pack[.age]          the spans. The name is the SHA-256 of the object, so
                                          \`sha256sum\` proves it without any key
  index/...idx[.age]                      which files are in an archive, and where: only for speed
  trash/...                               recipes that were removed, and packs that are about to be
  writer/...json                          which host writes here, and the keys of its signatures
  copying/...                             packs of copies under way
  format.json                             which form all this has

In a recipe, lines that begin with # are its head: name, sha256 and size of the archive, and a line "# pack NUMBER SHA256
BYTES CONTENT" for each pack. The others are "NUMBER OFFSET LENGTH", a span of what the pack with this number holds.
`;
