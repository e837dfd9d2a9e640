drop table private.installation;
delete from private.places where table_name = 'installation';
