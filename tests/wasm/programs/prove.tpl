(set-option :produce-models true)
(set-logic QF_UFBV)
%%
(declare-fun s () miter_s)
(assert (not (= (|miter_n same| s) true)))
(check-sat)
(exit)
