/** A file system that tells no types of entries, as NFS and some of FUSE do: a library before the C library says so. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const SOURCE = `
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#define HIDING(call, kind) \\
  struct kind *call(DIR *of) { \\
    struct kind *found = ((struct kind *(*)(DIR *))dlsym(RTLD_NEXT, #call))(of); \\
    if (found) found->d_type = DT_UNKNOWN; \\
    return found; \\
  }
HIDING(readdir, dirent)
HIDING(readdir64, dirent64)
`;

/** What a script of its own process prints, as JSON. Needs `cc`; the library is made in `directory`. */
export function askWithoutTypes(directory: string, script: string): unknown {
  const [source, library] = [join(directory, 'types.c'), join(directory, 'types.so')];
  writeFileSync(source, SOURCE);
  execFileSync('cc', ['-shared', '-fPIC', '-o', library, source, '-ldl']);
  const options = { encoding: 'utf8', env: { ...process.env, LD_PRELOAD: library } } as const;
  const said = execFileSync(process.execPath, ['--input-type=module', '--eval', script], options);
  return JSON.parse(said) as unknown;
}
