import type { RouteRecordRaw } from 'vue-router'

export default [
  {
    path: '/today',
    component: () => import('./TodayScreen.vue'),
    meta: { title: 'today.title', rail: 'today' },
    children: [
      { path: '', name: 'today', component: () => import('./NothingChosen.vue') },
      { path: '/appointments/:id', name: 'appointment', component: () => import('./AppointmentPane.vue'), props: true },
    ],
  },
] satisfies RouteRecordRaw[]
