/** Real servers of others that tests start on loopback and end. */
export * from './daemon.ts';
export * from './object-server.ts';
export * from './proxy.ts';
export * from './sftp-server.ts';
export * from './webdav-server.ts';
export * from './rest-server.ts';
