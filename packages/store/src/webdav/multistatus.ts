/** What a WebDAV server tells about resources (RFC 4918, 207 Multi-Status). */
import { XMLParser } from 'fast-xml-parser';

export interface Resource {
  /** decoded, as the server names it */
  path: string;
  /** undefined: a collection */
  size: number | undefined;
  modified: Date | undefined;
}

interface Response {
  href?: string;
  propstat?: { status?: string; prop?: Properties }[];
}

interface Properties {
  resourcetype?: '' | { collection?: unknown };
  getcontentlength?: string | number;
  getlastmodified?: string;
}

const parser = new XMLParser({
  removeNSPrefix: true,
  parseTagValue: false,
  isArray: (name) => name === 'response' || name === 'propstat',
});

/** What is no such answer tells of nothing; nor does a resource that it has no length of. */
export function resourcesIn(text: string, base: URL): Resource[] {
  const { multistatus } = parser.parse(text) as { multistatus?: { response?: Response[] } };
  return (multistatus?.response ?? []).flatMap((response) => resourceOf(response, base) ?? []);
}

function resourceOf({ href = '', propstat = [] }: Response, base: URL): Resource | undefined {
  const url = URL.parse(href, base.href);
  const found = propstat.find(({ status = ' 200 ' }) => status.includes(' 200 '))?.prop;
  if (url === null || found === undefined) return undefined;
  const { resourcetype = '', getcontentlength, getlastmodified } = found;
  const isCollection = resourcetype !== '' && 'collection' in resourcetype;
  if (!isCollection && getcontentlength === undefined) return undefined;
  const modified = new Date(getlastmodified ?? Number.NaN);
  return {
    path: decodedPath(url),
    size: isCollection ? undefined : Number(getcontentlength),
    modified: Number.isNaN(modified.getTime()) ? undefined : modified,
  };
}

function decodedPath({ pathname }: URL): string {
  try {
    return decodeURIComponent(pathname);
  } catch {
    return pathname;
  }
}
