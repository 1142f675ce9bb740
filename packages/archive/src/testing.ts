/** For the tests of other packages only. */
export { loadIndex } from './index/whole-index.ts';
export { extractTo, listOf, opened, testPorts } from './read/reading.fixture.ts';
export { HOURS_LATER, archive, inside } from './write/create.fixture.ts';
export { SafetyCheck } from './extract/safety.ts';
export { IndexedSource } from './read/indexed-source.ts';
export { NewIndex } from './read/new-index.ts';
export { StreamSource } from './read/stream-source.ts';
export { compressedBound, compressFrame, decompressFrame } from './codec/codecs.ts';
export { deflateSegment } from './codec/deflate-segment.ts';
export { exchangeGzipMember, gzipNotes, readGzipMember } from './codec/gzip-member.ts';
export { inflateRoom, inflateSegment } from './codec/inflate-segment.ts';
