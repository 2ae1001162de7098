import type { RouteRecordRaw } from 'vue-router'

const routes: RouteRecordRaw[] = [
  { path: '/counter', name: 'counter', component: () => import('./CounterPage.vue'), meta: { rail: 'counter', title: 'counter.title' } },
]
export default routes
