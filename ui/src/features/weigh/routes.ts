import type { RouteRecordRaw } from 'vue-router'

const routes: RouteRecordRaw[] = [
  { path: '/appointments/:id/weigh', name: 'weigh', component: () => import('./WeighPage.vue'), props: true, meta: { rail: 'today', title: 'weigh.title' } },
]
export default routes
