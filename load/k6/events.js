// 1,000 users on the Event Service; the checklist's bounds are thresholds.
import { onEvents, think } from './mix.js';

export const options = {
  scenarios: { users: { executor: 'constant-vus', vus: Number(__ENV.USERS || 1000), duration: __ENV.DURATION || '10m' } },
  thresholds: { http_req_failed: ['rate<0.01'], http_req_duration: ['p(95)<1000'] },
};

export default function () {
  onEvents();
  think();
}
