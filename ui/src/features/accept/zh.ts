export default {
  title_accept: '请您确认', title_pay: '付款', title_finish: '付款完成', title_done: '上门完成', title_cancelled: '预约已取消', title_unweighed: '还没有称重',
  quantity: '数量', gross: '毛 {n}', tare: '皮 {n}', because: '原因：{reason}', estimated: '预估 {amount}',
  you_get: '您将得到', less: '比预估的 {estimate} 少 {amount}', more: '比预估的 {estimate} 多 {amount}', free: '您可以不卖，不收任何费用。',
  sign_needed: '请在这里签名，表示您同意这个价格', sign_optional: '签名（可不签，点“接受”即可）', sign_here: '用手指或笔签名', sign_again: '重签', sign_first: '价格比预估低得多，请客户先签名，再点“接受”。', signature_label: '签名区',
  yes: '接受', no: '不卖了', sure: '确定不卖了吗？预约会取消，货物留给您。', think_again: '再看看', sure_yes: '确定不卖',
  to_pay: '应付', paid: '已付', due: '货款', goods: '物品明细', amount: '付款金额', given: '给出现金', exact: '刚好', change_back: '客户找回', change_short: '还差 {amount}',
  unreadable: '请填金额，例如 174.63。', not_positive: '金额须大于 0。', over: '比应付多 {amount}。确实付了这么多，请再按一次。', pay_now: '已付 {amount}', pay_anyway: '仍按 {amount} 记录',
  wechat_later: '微信转账需要联网，暂不可用', settled: '货款已付清', finish: '完成上门', done: '这次上门已完成', done_before: '这次上门已经完成',
  cancelled: '客户没有卖，预约已取消。', cancelled_paid: '取消前已付 {amount}，请收回并登记退款。', not_weighed: '先称重报价，再请客户确认。',
  next: '下一家', open_next: '去下一家', no_next: '今天没有别的预约了。', to_today: '回到今日',
}
