import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { fakeClock } from '@gofr-backup/testing';
import { expect, test } from 'vitest';
import { backupAt, visit } from '../visitor.fixture.ts';
import { hashLine, passwordCheck } from './password.ts';
import { safeNext } from './login.ts';

const PASSWORD = 'correct horse battery';
const TOKEN = 'a-token-for-scripts-0123';
const directory = () => mkdtemp(join(tmpdir(), 'gofr-dashboard-'));
const closed = async (env = {}) =>
  visit(await directory(), { BACKUP_DASHBOARD_PASSWORD: PASSWORD, BACKUP_DASHBOARD_TOKEN: TOKEN, ...env });
const signIn = (visitor: Awaited<ReturnType<typeof closed>>, password = PASSWORD) =>
  visitor.submit('./login', { password }, './login');

test('nothing but the login and the health checks is shown before signing in', async () => {
  await using visitor = await closed();
  for (const path of ['./', './backups', './settings', './queues', './prune', './jobs']) {
    const answer = await visitor.ask(path);
    expect([path, answer.status]).toEqual([path, 302]);
    expect(answer.headers.get('location')).toMatch(/^\/login\?next=/);
  }
  for (const path of ['./metrics', './events', './backups/x/download', './queues/api/queues']) {
    expect([path, (await visitor.ask(path, { headers: { accept: '*/*' } })).status]).toEqual([path, 401]);
  }
  expect((await visitor.ask('./healthz')).status).toBe(200);
  expect((await visitor.ask('./readyz')).status).toBe(503);
});

test('the password opens a session whose cookie no script and no other site can use; signing out ends it', async () => {
  await using visitor = await closed();
  const answer = await signIn(visitor);
  expect(answer.status).toBe(303);
  expect(answer.headers.get('set-cookie')).toMatch(/HttpOnly/);
  expect(answer.headers.get('set-cookie')).toMatch(/SameSite=Strict/);
  expect((await visitor.ask('./')).status).toBe(200);
  expect((await visitor.submit('./logout')).status).toBe(303);
  expect((await visitor.ask('./')).status).toBe(302);
});

test('a session that is forged, changed or expired is none', async () => {
  const clock = fakeClock();
  await using visitor = await visit(await directory(), { BACKUP_DASHBOARD_PASSWORD: PASSWORD }, [], clock);
  const login = await signIn(visitor);
  const [, cookie = ''] = /gofr_backup_session=([^;]+)/.exec(login.headers.get('set-cookie') ?? '') ?? [];
  const asks = (value: string) =>
    fetch(visitor.url, {
      redirect: 'manual',
      headers: { cookie: `gofr_backup_session=${value}`, accept: 'text/html' },
    });
  expect((await asks(cookie)).status).toBe(200);
  const [id, expires, signed, signature] = cookie.split('.');
  for (const forged of [
    `${id}.${Number(expires) + 1}.${signed}.${signature}`,
    `${id}x.${expires}.${signed}.${signature}`,
    '',
    'a.b.c.d',
    `${id}.${expires}.1.`,
  ]) {
    expect((await asks(forged)).status).toBe(302);
  }
  clock.advance(13 * 60 * 60 * 1000);
  expect((await asks(cookie)).status).toBe(302);
});

test('a write without the token of the form, or from another site, is refused', async () => {
  await using visitor = await closed();
  await signIn(visitor);
  const post = (headers: Record<string, string>, fields: Record<string, string> = {}) =>
    visitor.ask('./actions/backup', { method: 'POST', headers, body: new URLSearchParams(fields) });
  expect((await post({})).status).toBe(403);
  expect((await post({}, { csrf: 'x'.repeat(43) })).status).toBe(403);
  const csrf = /name="csrf" value="([^"]+)"/.exec(await visitor.text('./settings'))?.[1] ?? '';
  expect((await post({ 'sec-fetch-site': 'cross-site' }, { csrf })).status).toBe(403);
  expect((await post({ origin: 'https://elsewhere.example' }, { csrf })).status).toBe(403);
  expect((await visitor.ask('./logout', { method: 'POST', body: new URLSearchParams() })).status).toBe(403);
  // the form's own token passes as far as the queue, which is not there
  expect((await post({}, { csrf })).status).toBe(503);
});

test('read-only: no button is shown and no action taken', async () => {
  await using visitor = await closed({ BACKUP_DASHBOARD_READ_ONLY: 'true' });
  await signIn(visitor);
  expect(await visitor.text('./')).not.toContain('action="/actions');
  for (const action of ['backup', 'verify', 'drill', 'prune', 'cancel']) {
    expect([action, (await visitor.submit(`./actions/${action}`)).status]).toEqual([action, 403]);
  }
});

test('without a password it listens on loopback only, and says why it refuses more', async () => {
  await expect(visit(await directory(), { BACKUP_DASHBOARD_HOST: '0.0.0.0' })).rejects.toMatchObject({
    code: 'CONFIG',
    message: 'The dashboard may not listen on 0.0.0.0 without a password',
    why: expect.stringContaining('DASHBOARD_PASSWORD is unset'),
  });
  await using visitor = await visit(await directory());
  expect((await visitor.ask('./')).status).toBe(200);
});

test('without a password a page of another name is refused, as DNS rebinding would ask', async () => {
  await using visitor = await visit(await directory());
  const { port } = new URL(visitor.url);
  const asked = async (host: string) => {
    const socket = connect(Number(port), '127.0.0.1');
    socket.write(`GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    return text(socket);
  };
  expect(await asked('evil.example')).toMatch(/^HTTP\/1.1 403[^]*has no password/);
  expect(await asked(`localhost:${port}`)).toMatch(/^HTTP\/1.1 200/);
});

test('every answer carries the headers that keep it to itself', async () => {
  await using visitor = await visit(await directory());
  for (const path of ['./', './login', './nowhere', './healthz', './metrics', './actions/backup']) {
    const { headers } = await visitor.ask(path);
    expect(headers.get('content-security-policy')).toContain("default-src 'self'");
    expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    expect(headers.get('content-security-policy')).not.toContain('unsafe');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('x-frame-options')).toBe('DENY');
    expect(headers.get('referrer-policy')).toBe('same-origin');
    expect(headers.get('cache-control')).toBe('no-store');
  }
});

test('no page asks for anything inline or from elsewhere', async () => {
  await using visitor = await visit(await directory(), {}, [
    backupAt('2025-12-13T02:00:00Z'),
    backupAt('2025-12-12T02:00:00Z'),
  ]);
  for (const path of ['./', './backups', './settings', './prune', './jobs', './login']) {
    const page = await visitor.text(path);
    expect(page).not.toMatch(/ style=|<style| on\w+="|(src|href)="(https?:)?\/\//);
    for (const [, attributes = ''] of page.matchAll(/<script([^>]*)>/g)) {
      expect(attributes).toMatch(/src="|type="application\/json"/);
    }
  }
});

test('under a sub-path every link and cookie stays there, whether the proxy keeps the path or takes it away', async () => {
  const env = { BACKUP_DASHBOARD_PASSWORD: PASSWORD, BACKUP_DASHBOARD_BASE_PATH: '/ops/backup/' };
  await using visitor = await visit(await directory(), env);
  expect(new URL(visitor.url).pathname).toBe('/ops/backup/');
  const answer = await signIn(visitor);
  expect(answer.headers.get('location')).toBe('/ops/backup/');
  expect(answer.headers.get('set-cookie')).toContain('Path=/ops/backup/');
  for (const path of ['/ops/backup/settings', '/settings']) {
    const page = await visitor.text(path);
    expect(page).toContain('DASHBOARD_BASE_PATH');
    for (const [, link = ''] of page.matchAll(/(?:href|src|action)="([^"#]+)"/g))
      expect(link).toMatch(/^\/ops\/backup\//);
  }
  const [, css = ''] = /href="([^"]+\.css)"/.exec(await visitor.text('./settings')) ?? [];
  expect((await visitor.ask(css)).headers.get('content-type')).toContain('text/css');
});

test('after the login it goes only to a page of its own', () => {
  for (const wanted of [
    '//evil.example',
    'https://evil.example',
    '/\\evil.example',
    'javascript:alert(1)',
    '',
    '/login',
    undefined,
  ]) {
    expect(safeNext(wanted, '')).toBe('/');
  }
  expect(safeNext('/backups?tier=daily', '')).toBe('/backups?tier=daily');
  expect(safeNext('/backups', '/base')).toBe('/base/backups');
  expect(safeNext('/base/backups', '/base')).toBe('/base/backups');
});

test('a password may be given as its hash, and a damaged hash is a configuration error', async () => {
  const line = await hashLine(PASSWORD);
  expect(line).not.toContain('$');
  const check = await passwordCheck(line);
  expect(await check(PASSWORD)).toBe(true);
  expect(await check(`${PASSWORD} `)).toBe(false);
  for (const damaged of [
    'scrypt:',
    'scrypt:3:8:1:c2FsdHNhbHQ:a2V5',
    line.slice(0, 40),
    line.replace('32768', '16'),
  ]) {
    await expect(passwordCheck(damaged)).rejects.toMatchObject({ code: 'CONFIG' });
  }
});

test('the settings page never shows a secret', async () => {
  await using visitor = await closed({ BACKUP_REDIS_URL: 'redis://user:hunter22222@127.0.0.1:1/0' });
  await signIn(visitor);
  const page = await visitor.text('./settings');
  expect(page).toContain('REDIS_URL');
  for (const secret of [PASSWORD, TOKEN, 'hunter22222']) expect(page).not.toContain(secret);
});
