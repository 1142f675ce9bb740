import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Server } from 'node:net';
import { type ParsedMail, simpleParser } from 'mailparser';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { afterEach, expect, test } from 'vitest';
import type { Alert } from './alert.ts';
import type { NotifyPlan } from './channel.ts';
import { channelsOf, deliver } from './deliver.ts';
import { ping } from './heartbeat.ts';

const alert: Alert = {
  kind: 'backup-failed',
  about: '',
  project: 'gofr-plot',
  state: 'raised',
  title: 'backup failed ✗',
  text: 'No space left on /backups.',
  at: '2026-01-02T03:04:05Z',
  since: '2026-01-02T03:04:05Z',
};
const impatient = { attempts: 3, timeoutMs: 400, backoffMs: 10 };
const closing: (() => void)[] = [];
afterEach(() => closing.splice(0).forEach((close) => close()));

interface Received {
  path: string;
  headers: IncomingMessage['headers'];
  body: string;
}

async function receiver(answer: (n: number, response: ServerResponse) => void) {
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    received.push({
      path: request.url ?? '',
      headers: request.headers,
      body: Buffer.concat(chunks).toString(),
    });
    answer(received.length, response);
  });
  await listen(server);
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received };
}

async function listen(server: Server) {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
}

async function mailServer(options: SMTPServerOptions = {}) {
  const mails: ParsedMail[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData: (stream, _session, done) => {
      simpleParser(stream).then(
        (mail) => {
          mails.push(mail);
          done();
        },
        (error: unknown) => done(error as Error),
      );
    },
    ...options,
  });
  server.on('error', () => {});
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  closing.push(() => server.close());
  return { url: `smtp://127.0.0.1:${(server.server.address() as AddressInfo).port}`, mails };
}

const ok = (_: number, response: ServerResponse) => response.end('ok');
const mailTo = (smtpUrl: string): NotifyPlan => ({
  mail: { smtpUrl, from: 'backup@example.org', to: ['ops@example.org'] },
});

test('a webhook gets the alert as JSON, signed over the very bytes of the body', async () => {
  const { url, received } = await receiver(ok);
  const plan: NotifyPlan = { webhook: { url, format: 'json', secret: 's3cret' } };
  expect(await deliver(alert, channelsOf(plan), impatient)).toEqual([
    { channel: 'webhook', ok: true, attempts: 1 },
  ]);
  const [request] = received;
  expect(JSON.parse(request?.body ?? '')).toMatchObject({
    version: 1,
    kind: 'backup-failed',
    state: 'raised',
  });
  const hmac = createHmac('sha256', 's3cret')
    .update(request?.body ?? '')
    .digest('hex');
  expect(request?.headers['x-gofr-signature']).toBe(`sha256=${hmac}`);
});

test.each([
  ['slack', (r: Received) => JSON.parse(r.body).text],
  ['discord', (r: Received) => JSON.parse(r.body).content],
  ['gotify', (r: Received) => JSON.parse(r.body).title + JSON.parse(r.body).message],
  ['ntfy', (r: Received) => String(r.headers['title']) + r.body],
] as const)('%s is spoken to in its own form', async (format, textOf) => {
  const { url, received } = await receiver(ok);
  const [delivery] = await deliver(alert, channelsOf({ webhook: { url, format } }), impatient);
  expect(delivery?.ok).toBe(true);
  expect(textOf(received[0] as Received)).toMatch(/gofr-plot: backup failed[^]*No space left/);
});

test('a link is in the text, a field of our own JSON, and what a tap opens in ntfy', async () => {
  const { url, received } = await receiver(ok);
  const link = 'https://backups.example.org/jobs';
  for (const format of ['slack', 'json', 'ntfy'] as const)
    await deliver({ ...alert, link }, channelsOf({ webhook: { url, format } }), impatient);
  const [slack, json, ntfy] = received;
  expect(JSON.parse(slack!.body).text).toContain(`\n${link}`);
  expect(JSON.parse(json!.body)).toMatchObject({ link });
  expect([ntfy!.headers['click'], ntfy!.body]).toEqual([link, expect.stringContaining(link)]);
});

const EVIL = '\u001b]0;x\u0007\u009b31m\u202egnp.exe\r\nBcc: all@example.org <!channel> @everyone';
const DRIVING = /(?!\n)[\p{Cc}\p{Bidi_Control}]/u;
const worded: Alert = { ...alert, project: EVIL, title: EVIL, text: EVIL };

test.each(['slack', 'discord', 'gotify', 'ntfy'] as const)(
  '%s gets no control, and calls nobody',
  async (format) => {
    const { url, received } = await receiver(ok);
    const [delivery] = await deliver(worded, channelsOf({ webhook: { url, format } }), impatient);
    expect(delivery?.ok).toBe(true);
    const { body, headers } = received[0] as Received;
    const texts =
      format === 'ntfy' ? [body, String(headers['title'])] : Object.values(JSON.parse(body) as object);
    for (const text of texts) expect(String(text)).not.toMatch(DRIVING);
    expect(body).toContain('gnp.exe');
    if (format === 'slack') expect(body).not.toContain('<!channel>');
    if (format === 'discord') expect(JSON.parse(body)).toMatchObject({ allowed_mentions: { parse: [] } });
  },
);

test('a mail has one subject and one recipient, whatever words it tells', async () => {
  const { url, mails } = await mailServer();
  const [delivery] = await deliver(worded, channelsOf(mailTo(url)), impatient);
  expect(delivery?.ok).toBe(true);
  const [mail] = mails;
  expect(mail?.subject).toContain('\\x0d\\x0aBcc: all@example.org');
  expect([mail?.bcc, mail?.headers.has('bcc')]).toEqual([undefined, false]);
  for (const text of [mail?.subject, mail?.text]) expect(text).not.toMatch(DRIVING);
});

test('a receiver that fails, hangs and recovers gets the alert in the end', async () => {
  const { url, received } = await receiver((n, response) => {
    if (n === 1) response.writeHead(503).end();
    else if (n === 3) response.end('ok');
    // the second is never answered
  });
  const [delivery] = await deliver(alert, channelsOf({ webhook: { url, format: 'json' } }), impatient);
  expect(delivery).toEqual({ channel: 'webhook', ok: true, attempts: 3 });
  expect(received).toHaveLength(3);
});

test('a redirect is not followed: the secret URL and the signature stay with the receiver that was named', async () => {
  const elsewhere = await receiver(ok);
  const { url } = await receiver((_, response) => response.writeHead(307, { location: elsewhere.url }).end());
  const [delivery] = await deliver(
    alert,
    channelsOf({ webhook: { url, format: 'json', secret: 'x' } }),
    impatient,
  );
  expect(delivery?.ok).toBe(false);
  expect(elsewhere.received).toHaveLength(0);
});

test('a receiver that is gone is reported without its URL, and does not hold up the mail', async () => {
  const { url, mails } = await mailServer();
  const plan: NotifyPlan = {
    ...mailTo(url),
    webhook: { url: 'http://127.0.0.1:9/secret-token', format: 'json' },
  };
  const deliveries = await deliver(alert, channelsOf(plan), impatient);
  expect(deliveries.map((d) => [d.channel, d.ok])).toEqual([
    ['mail', true],
    ['webhook', false],
  ]);
  expect(JSON.stringify(deliveries)).not.toContain('secret-token');
  expect(mails[0]?.subject).toBe('gofr-plot: backup failed ✗');
  expect(mails[0]?.text).toContain('No space left on /backups.');
  expect(mails[0]?.headers.get('x-gofr-backup-alert')).toBe('backup-failed/raised');
});

test('mail is sent with a login, and a wrong password is a reason without the password', async () => {
  const { url, mails } = await mailServer({
    authOptional: false,
    onAuth: (auth, _session, done) =>
      auth.password === 'right' ? done(null, { user: auth.username }) : done(new Error('no such user')),
  });
  const [right] = await deliver(alert, channelsOf(mailTo(url.replace('//', '//user:right@'))), impatient);
  const [wrong] = await deliver(alert, channelsOf(mailTo(url.replace('//', '//user:wr0ng@'))), impatient);
  expect([right?.ok, wrong?.ok, mails.length]).toEqual([true, false, 1]);
  expect(wrong?.reason).not.toContain('wr0ng');
});

test('a refused recipient, an untrusted certificate and a server that hangs are failures, told in time', async () => {
  const refusing = await mailServer({
    onRcptTo: (_address, _session, done) =>
      done(Object.assign(new Error('no such mailbox'), { responseCode: 550 })),
  });
  const untrusted = await mailServer({ disabledCommands: [], authOptional: true });
  const hanging = await receiver(() => {});
  const results = await Promise.all(
    [refusing.url, untrusted.url, hanging.url.replace('http:', 'smtp:')].map((url) =>
      deliver(alert, channelsOf(mailTo(url)), { ...impatient, attempts: 1 }),
    ),
  );
  expect(results.flat().map((d) => d.ok)).toEqual([false, false, false]);
  expect(results[0]?.[0]?.reason).toContain('no such mailbox');
});

test('heartbeat pings start, success and fail, and why a dead receiver did not take one', async () => {
  const { url, received } = await receiver(ok);
  expect(await ping(`${url}/uuid`, 'start')).toBeUndefined();
  expect(await ping(`${url}/uuid`, 'success')).toBeUndefined();
  expect(await ping(`${url}/uuid`, 'fail', 'disk full')).toBeUndefined();
  expect(received.map((r) => r.path)).toEqual(['/uuid/start', '/uuid', '/uuid/fail']);
  expect(received[2]?.body).toBe('disk full');
  expect(await ping('http://127.0.0.1:9/', 'success')).toMatch(/^fetch failed: ./);
  const silent = await receiver(() => {});
  expect(await ping(silent.url, 'success', '', 300)).toMatch(/timeout/);
  const refusing = await receiver((_, response) => response.writeHead(404).end());
  expect(await ping(refusing.url, 'success')).toBe('it answered 404');
});

test('credentials in the address of a heartbeat or a webhook arrive as a header; a redirected ping goes nowhere', async () => {
  const { url, received } = await receiver(ok);
  const withLogin = url.replace('//', '//some%20one:p%40ss@');
  expect(await ping(`${withLogin}/uuid`, 'start')).toBeUndefined();
  const plan: NotifyPlan = { webhook: { url: withLogin, format: 'json' } };
  expect(await deliver(alert, channelsOf(plan), impatient)).toMatchObject([{ ok: true }]);
  const login = `Basic ${Buffer.from('some one:p@ss').toString('base64')}`;
  expect(received.map(({ headers }) => headers['authorization'])).toEqual([login, login]);
  const elsewhere = await receiver((_, response) => response.writeHead(302, { location: url }).end());
  expect(await ping(`${elsewhere.url}/secret`, 'success')).toMatch(/redirect/);
  expect(received).toHaveLength(2);
});
