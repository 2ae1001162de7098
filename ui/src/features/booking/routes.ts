import type { RouteRecordRaw } from 'vue-router'

export default [
  { path: '/appointments/new', name: 'booking', component: () => import('./BookingPage.vue'), meta: { rail: 'today', title: 'booking.title' } },
  { path: '/appointments/:id/estimate', name: 'estimate', component: () => import('./EstimatePage.vue'), props: true, meta: { rail: 'today', title: 'booking.again.title' } },
] satisfies RouteRecordRaw[]
