export * from './alert.ts';
export { type Channel, type NotifyPlan, WEBHOOK_FORMATS, type WebhookFormat } from './channel.ts';
export { channelsOf, deliver, type Delivery, type Patience } from './deliver.ts';
export { type Beat, ping } from './heartbeat.ts';
