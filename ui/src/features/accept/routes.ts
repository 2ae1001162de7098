import type { RouteRecordRaw } from 'vue-router'

const routes: RouteRecordRaw[] = [
  { path: '/appointments/:id/accept', name: 'accept', component: () => import('./AcceptPage.vue'), props: true, meta: { rail: 'today', title: 'accept.title_accept', bare: true } },
]
export default routes
