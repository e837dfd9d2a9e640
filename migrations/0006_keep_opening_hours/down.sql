drop table clinic_hours;
