// 500 and 1,000 users on the Ticket Service; the checklist's bounds are thresholds.
import { onTickets, think } from './mix.js';

export const options = {
  scenarios: { users: { executor: 'constant-vus', vus: Number(__ENV.USERS || 1000), duration: __ENV.DURATION || '10m' } },
  thresholds: {
    http_req_failed: ['rate<0.01'],
    'http_req_duration{name:purchase}': ['p(95)<2000'],
    'http_req_duration{name:scan}': ['p(95)<200'],
    'http_req_duration{name:code}': ['p(95)<200'],
    http_req_duration: ['p(95)<1000'],
  },
};

export default function () {
  onTickets();
  think();
}
