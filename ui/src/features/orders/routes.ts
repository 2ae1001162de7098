import type { RouteRecordRaw } from 'vue-router'

export default [
  {
    path: '/orders',
    component: () => import('./OrdersScreen.vue'),
    meta: { title: 'orders.title', rail: 'orders' },
    children: [
      { path: '', name: 'orders', component: () => import('./NothingChosen.vue') },
      { path: ':id', name: 'order', component: () => import('./OrderPane.vue'), props: true },
    ],
  },
] satisfies RouteRecordRaw[]
