import { anyText, matching, oneOf, urlOf, wholeNumber } from '../kinds.ts';
import { optional, SERVICES, setting } from '../setting.ts';

export const output = {
  logLevel: setting({
    name: 'LOG_LEVEL',
    kind: oneOf(['debug', 'info', 'warn', 'error']),
    bare: 'LOG_LEVEL',
    default: 'info',
    meaning: 'from how important on lines are logged',
    example: 'debug',
  }),
  logFormat: setting({
    name: 'LOG_FORMAT',
    kind: oneOf(['auto', 'json', 'pretty']),
    bare: 'LOG_FORMAT',
    default: 'auto',
    meaning: 'auto: pretty on a terminal, else one JSON document a line',
    example: 'json',
  }),
  otlpUrl: optional({
    name: 'OTLP_URL',
    kind: urlOf('http:', 'https:'),
    usedBy: SERVICES,
    secret: 'url',
    meaning: 'OpenTelemetry collector that gets a trace of each job (OTLP/HTTP, JSON); unset: none are made',
    example: 'http://collector:4318',
  }),
  noColor: optional({
    name: 'NO_COLOR',
    kind: anyText,
    bare: 'NO_COLOR',
    meaning: 'set to anything: no colours; see https://no-color.org',
    example: '1',
  }),
  healthPort: optional({
    name: 'HEALTH_PORT',
    kind: wholeNumber(1, 65_535),
    meaning:
      'worker and scheduler answer `/healthz` and `/readyz` on this port, for probes; unset: no port is opened',
    example: '3901',
  }),
  healthHost: setting({
    name: 'HEALTH_HOST',
    kind: matching(/^[A-Za-z0-9.:_-]+$/, 'an address or host name of this machine'),
    default: '127.0.0.1',
    meaning:
      'address HEALTH_PORT is opened on; a probe from outside the container, as Kubernetes makes, needs 0.0.0.0',
    example: '0.0.0.0',
  }),
};
