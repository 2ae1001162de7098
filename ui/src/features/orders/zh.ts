export default {
  title: '单据', search: '单号、客户、物品', list_label: '单据列表', walk_in: '散客', ticket: '散客单', visit: '上门单',
  kind: '类型', kind_all: '全部', kind_tickets: '散客单', kind_visits: '上门单', days: '按日期筛选', from: '开始日期', to: '结束日期', sort: '排序', sort_newest: '最新在前', sort_oldest: '最早在前', sort_amount: '金额从大到小',
  shown: '{n} 张 · {total}', empty_title: '还没有单据', empty_text: '在柜台开散客单，或完成一次上门，单据就会出现在这里。', empty_action: '去柜台', none_match: '没有符合条件的单据', clear_filters: '清除筛选',
  choose_title: '请选择一张单据', choose_text: '左侧点一行，或用方向键和回车。', back: '返回列表',
  quote: '最终报价', no_quote: '还没有称重', payments: '付款与退款', no_payments: '还没有付款', history: '经过', due: '应付', paid: '已付', owing: '未付', seller: '卖方', seller_phone: '卖方手机', show_phone: '显示号码', station: '站点', collector: '回收员', made: '开单时间', received: '入库时间', accepted: '客户确认',
  channel: '渠道', channel_no: '渠道单号', void_reason: '作废原因', earlier_quotes: '此前的报价', open_appointment: '查看预约', refund: '退款', void: '作废', receive: '确认入库', print: '打印小票',
  shadow: '已转给别人，只能查看',
  done: { refund: '已退款 {amount}', void: '已作废 {no}', receive: '已入库 {no}' },
  refund_dialog: { title: '退款', which: '退哪一笔付款', amount: '退款金额', most: '最多可退 {amount}', too_much: '不能多于可退金额', required: '请填写大于 0 的金额', note: '退款一经记录不能撤销。', go: '确定退款' },
  void_dialog: { title: '作废单据', ask: '作废 {no} 后不能恢复。', reason: '作废原因', required: '请填写原因', refund_first: '这张单已付 {amount}。请先从卖方收回这笔钱，再点下面的按钮：退款和作废会一起记录。', go: '确定作废', go_refund: '已收回 {amount}，作废', reasons: { wrong_goods: '品类录错', wrong_weight: '重量录错', duplicate: '重复开单', seller_left: '卖方不卖了' } },
}
