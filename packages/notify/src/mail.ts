import { createTransport } from 'nodemailer';
import { bodyOf, type Channel, type NotifyPlan, subjectOf } from './channel.ts';

/** E-mail by SMTP (`smtp://` with STARTTLS where offered, `smtps://`); a server that hangs is given up with the signal. */
export function mailChannel(plan: NonNullable<NotifyPlan['mail']>): Channel {
  return {
    name: 'mail',
    async send(alert, signal) {
      const transport = createTransport(plan.smtpUrl, { from: plan.from });
      const giveUp = new Promise<never>((_, reject) => {
        signal.addEventListener('abort', () => reject(new Error('the mail server did not answer in time')), {
          once: true,
        });
      });
      const message = {
        to: plan.to,
        subject: subjectOf(alert),
        text: bodyOf(alert),
        headers: { 'X-Gofr-Backup-Alert': `${alert.kind}/${alert.state}` },
      };
      try {
        await Promise.race([transport.sendMail(message), giveUp]);
      } finally {
        transport.close();
      }
    },
  };
}
