drop table clinic_closures;
