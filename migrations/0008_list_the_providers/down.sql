alter table clinic_configs drop column default_provider_id;
drop table providers;
