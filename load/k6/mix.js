// What users do, for k6: the mixes of load/run. Not run by us; `k6 run load/k6/tickets.js` and `load/k6/events.js` with the variables below.
//
//   EVENTS_URL, TICKETS_URL    the services
//   EVENT_ID, TICKET_TYPE_ID   on sale, with check-in open for scans
//   BUYERS                     a file with a customer's token on each line (admitone token --role customer), ten for each user
//   STAFF                      a file with tokens of venue_staff, so many that nobody scans more than 30 times a minute
import http from 'k6/http';
import { check, sleep } from 'k6';
import { SharedArray } from 'k6/data';

const lines = (file) => open(file).split('\n').filter((line) => line.length > 0);
const buyers = new SharedArray('buyers', () => lines(__ENV.BUYERS));
const staff = new SharedArray('staff', () => (__ENV.STAFF ? lines(__ENV.STAFF) : ['']));

export const tickets = `${__ENV.TICKETS_URL || 'http://127.0.0.1:3004'}/api/v1`;
export const events = `${__ENV.EVENTS_URL || 'http://127.0.0.1:3003'}/api/v1`;

// Each comes again only when all others have, so that no limit of a person's is met.
const nextOf = (people) => people[(__VU * 7919 + __ITER) % people.length];
const as = (token, name, more) => ({ headers: Object.assign({ Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' }, more), tags: { name } });

export const think = () => sleep(-Math.log(1 - Math.random()));

let codes = [];

export function onTickets() {
  const [buyer, dice] = [nextOf(buyers), Math.random() * 100];
  if (dice < 45) check(http.get(`${tickets}/events/${__ENV.EVENT_ID}/availability`, as(buyer, 'availability')), { ok: (r) => r.status === 200 });
  else if (dice < 60) check(http.get(`${tickets}/events/${__ENV.EVENT_ID}/ticket-types`, as(buyer, 'ticket types')), { ok: (r) => r.status === 200 });
  else if (dice < 80) buy(buyer);
  else if (dice < 95) look(buyer);
  else scan();
}

export function onEvents() {
  const [buyer, dice] = [nextOf(buyers), Math.random() * 100];
  const [name, path] = dice < 45 ? ['event page', `/events/${__ENV.EVENT_ID}`] : dice < 70 ? ['list', '/events?limit=20'] : dice < 80 ? ['search', '/events?q=evening&limit=10']
    : dice < 88 ? ['sections', `/events/${__ENV.EVENT_ID}/sections`] : dice < 94 ? ['schedule', `/events/${__ENV.EVENT_ID}/schedule`]
    : dice < 97 ? ['calendar', `/events/${__ENV.EVENT_ID}/calendar.ics`] : ['categories', '/categories'];
  check(http.get(events + path, as(buyer, name)), { ok: (r) => r.status === 200 });
}

function buy(buyer) {
  const hold = http.post(`${tickets}/reservations`, JSON.stringify({ eventId: __ENV.EVENT_ID, items: [{ ticketTypeId: __ENV.TICKET_TYPE_ID, quantity: 1 }] }), as(buyer, 'hold'));
  if (!check(hold, { held: (r) => r.status === 201 })) return;
  const paid = http.post(`${tickets}/purchases`, JSON.stringify({ reservationId: hold.json('id'), payment: { method: 'test', token: 'tok_ok' } }),
    as(buyer, 'purchase', { 'Idempotency-Key': `k6-${__VU}-${__ITER}-${Date.now()}` }));
  check(paid, { paid: (r) => r.status === 201 });
}

function look(buyer) {
  const mine = http.get(`${tickets}/tickets`, as(buyer, 'my tickets'));
  if (!check(mine, { ok: (r) => r.status === 200 }) || mine.json('items').length === 0) return;
  const code = http.get(`${tickets}/tickets/${mine.json('items.0.id')}/qr`, as(buyer, 'code'));
  if (check(code, { ok: (r) => r.status === 200 || r.status === 409 }) && code.status === 200) codes = [code.json('code')].concat(codes).slice(0, 20);
}

function scan() {
  const code = codes.pop() || 'NO CODE OF OURS';
  check(http.post(`${tickets}/scans`, JSON.stringify({ eventId: __ENV.EVENT_ID, code, gate: 'A', direction: 'in' }), as(nextOf(staff), 'scan')), { ok: (r) => r.status === 200 });
}
