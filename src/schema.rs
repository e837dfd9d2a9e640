// Generated from the migrations by `make schema`; do not edit.

diesel::table! {
    /// Who did what to which row. Written by the database in the transaction of the change; nobody can alter it. Needs the permission `AUDIT_READ`.
    audit_events (clinic_id, occurred_at, id) {
        /// The event's id.
        id -> Uuid,
        /// Counts up in the order of writing; transactions that were rolled back leave gaps.
        seq -> Int8,
        /// When.
        occurred_at -> Timestamptz,
        /// What kind of actor did it.
        actor_kind -> Text,
        /// Who did it; null for the system, and when they cannot be seen any more.
        actor_user_id -> Nullable<Uuid>,
        /// Their e-mail address at that time; null for the system.
        actor_email -> Nullable<Text>,
        /// Clinic concerned; the nil UUID for what concerns the platform itself.
        clinic_id -> Uuid,
        /// Patient concerned; null for none.
        patient_id -> Nullable<Uuid>,
        /// What was done.
        verb -> Text,
        /// The field of the API that did it; null for jobs and hands.
        operation -> Nullable<Text>,
        /// The kind of row, as in its id.
        resource_type -> Text,
        /// Identifier of the row that was changed or viewed.
        resource_id -> Nullable<Uuid>,
        /// What changed, by column.
        changes -> Json,
        /// Network address that the request came from; null for none.
        ip -> Nullable<Inet>,
        /// Program the request came from; null for none.
        user_agent -> Nullable<Text>,
        /// The request; null for none.
        request_id -> Nullable<Text>,
        /// Whether it was done; a refused attempt is kept too where that matters.
        success -> Bool,
        /// The reason given, where one is asked for; null for none.
        reason -> Nullable<Text>,
    }
}

diesel::table! {
    /// A day on which a clinic is closed, whatever its hours say.
    clinic_closures (clinic_id, id) {
        /// The closure's id.
        id -> Uuid,
        /// Clinic that the row belongs to; never changes.
        clinic_id -> Uuid,
        /// The day, on the calendar of the clinic.
        date -> Date,
        /// What day it is; null when nobody said.
        name -> Nullable<Text>,
        /// Time at which the row was created.
        created_at -> Timestamptz,
        /// Time at which the row was last changed.
        updated_at -> Timestamptz,
        /// User who created the row; null if the server itself did.
        created_by -> Nullable<Uuid>,
        /// User who last changed the row; null if nobody has, or if the server itself did.
        updated_by -> Nullable<Uuid>,
        /// Counts its changes; give it as expectedVersion.
        version -> Int4,
    }
}

diesel::table! {
    /// How a clinic wants to be run. Everybody who belongs to the clinic may read it.
    clinic_configs (clinic_id, id) {
        /// The configuration's id.
        id -> Uuid,
        /// Clinic that the row belongs to; never changes.
        clinic_id -> Uuid,
        /// Whether people who are no patients yet can register.
        accepting_new_patients -> Bool,
        /// Whether people can wait for a place.
        waitlist_enabled -> Bool,
        /// So many registrations in a week of the clinic; null for any number.
        max_new_patients_per_week -> Nullable<Int4>,
        /// How long an appointment takes where nothing else says so.
        appointment_duration_minutes -> Int4,
        /// Free time behind each appointment.
        buffer_minutes -> Int4,
        /// How far ahead patients can book.
        max_advance_booking_days -> Int4,
        /// How short before they can.
        min_advance_booking_hours -> Int4,
        /// Until so many hours before they can cancel; null for until it begins.
        cancellation_window_hours -> Nullable<Int4>,
        /// Whether the chat bot books.
        bot_enabled -> Bool,
        /// Who is booked when nobody is asked for; null for whoever is free.
        default_provider_id -> Nullable<Uuid>,
        /// The one to begin with; always among the supported ones.
        default_language -> Text,
        /// Those callers are served in.
        supported_languages -> Array<Text>,
        /// What callers hear first, once for each language at most.
        greetings -> Jsonb,
        /// Where calls are transferred to; null for nowhere.
        transfer_phone -> Nullable<Text>,
        /// The pharmacy prescriptions go to; null for none.
        preferred_pharmacy_name -> Nullable<Text>,
        /// Its address; null when none is known.
        preferred_pharmacy_address -> Nullable<Text>,
        /// Its fax; null when none is known.
        preferred_pharmacy_fax -> Nullable<Text>,
        /// Who answers for privacy; null while nobody is named.
        officer_name -> Nullable<Text>,
        /// Their e-mail address; null when none is known.
        officer_email -> Nullable<Text>,
        /// Their telephone; null when none is known.
        officer_phone -> Nullable<Text>,
        /// How many days transcripts of calls are kept, as set; null for the platform's default.
        transcript_retention_days -> Nullable<Int4>,
        /// How many days call logs are kept, as set; null for the platform's default.
        call_log_retention_days -> Nullable<Int4>,
        /// How many years the audit trail is kept, as set; null for the platform's default.
        audit_retention_years -> Nullable<Int4>,
        /// When it was made.
        created_at -> Timestamptz,
        /// When it was last changed.
        updated_at -> Timestamptz,
        /// User who created the row; null if the server itself did.
        created_by -> Nullable<Uuid>,
        /// User who last changed the row; null if nobody has, or if the server itself did.
        updated_by -> Nullable<Uuid>,
        /// Counts its changes; give it as expectedVersion.
        version -> Int4,
    }
}

diesel::table! {
    /// When a clinic is open on a day of the week, on the wall clock of its zone.
    clinic_hours (clinic_id, id) {
        /// The day's id.
        id -> Uuid,
        /// Clinic that the row belongs to; never changes.
        clinic_id -> Uuid,
        /// The day.
        day_of_week -> Int2,
        /// When it opens; null on a day it does not.
        opens_at -> Nullable<Time>,
        /// When it closes, always before midnight; null on a day it does not open.
        closes_at -> Nullable<Time>,
        /// Whether it is closed all day.
        is_closed -> Bool,
        /// Time at which the row was created.
        created_at -> Timestamptz,
        /// Time at which the row was last changed.
        updated_at -> Timestamptz,
        /// User who created the row; null if the server itself did.
        created_by -> Nullable<Uuid>,
        /// User who last changed the row; null if nobody has, or if the server itself did.
        updated_by -> Nullable<Uuid>,
        /// Counts its changes; give it as expectedVersion.
        version -> Int4,
    }
}

diesel::table! {
    /// A group of clinics under one roof.
    clinic_networks (id) {
        /// The network's id.
        id -> Uuid,
        /// What people call it.
        name -> Text,
        /// Its readable name in addresses.
        slug -> Text,
        /// When it was made.
        created_at -> Timestamptz,
        /// When it was last changed.
        updated_at -> Timestamptz,
        /// User who created the row; null if the server itself did.
        created_by -> Nullable<Uuid>,
        /// User who last changed the row; null if nobody has, or if the server itself did.
        updated_by -> Nullable<Uuid>,
        /// Counts its changes; give it as expectedVersion.
        version -> Int4,
    }
}

diesel::table! {
    /// A clinic: the tenant to which people, patients and everything else belong.
    clinics (id) {
        /// The clinic's id.
        id -> Uuid,
        /// The network it belongs to; null for a clinic on its own.
        network_id -> Nullable<Uuid>,
        /// What people call it.
        name -> Text,
        /// Its readable name in addresses; unique among living clinics.
        slug -> Text,
        /// What the clinic says of itself; null when it says nothing.
        description -> Nullable<Text>,
        /// File with the logo; null for none.
        logo_file_id -> Nullable<Uuid>,
        /// Its telephone; null when none is known.
        phone -> Nullable<Text>,
        /// Its e-mail address; null when none is known.
        email -> Nullable<Text>,
        /// Its web site; null when it has none.
        website -> Nullable<Text>,
        /// Street and house; null when not given.
        address -> Nullable<Text>,
        /// City; null when not given.
        city -> Nullable<Text>,
        /// Province, state or county; null when not given.
        region -> Nullable<Text>,
        /// Postal code; null when not given.
        postal_code -> Nullable<Text>,
        /// ISO 3166-1 alpha-2 code of the country; null when not given.
        country -> Nullable<Text>,
        /// The zone in which its wall clocks run.
        timezone -> Text,
        /// The language it works in.
        locale -> Text,
        /// The currency it charges in.
        currency -> Text,
        /// How far it is in its life.
        status -> Text,
        /// The plan it is on.
        subscription_plan -> Text,
        /// When the plan ends; null when it does not.
        subscription_expires_at -> Nullable<Timestamptz>,
        /// Small open settings of the clinic.
        settings -> Jsonb,
        /// When it was made.
        created_at -> Timestamptz,
        /// When it was last changed.
        updated_at -> Timestamptz,
        /// User who created the row; null if the server itself did.
        created_by -> Nullable<Uuid>,
        /// User who last changed the row; null if nobody has, or if the server itself did.
        updated_by -> Nullable<Uuid>,
        /// Counts its changes; give it as expectedVersion.
        version -> Int4,
        /// Time at which the row was removed; null while it is in use.
        deleted_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    /// The first answer to a mutation with an idempotency key, stored in the transaction of the mutation.
    idempotency_keys (user_id, key) {
        /// User who sent the key.
        user_id -> Uuid,
        /// The key as sent, and the position of the field in its operation.
        key -> Text,
        /// SHA-256 of the request.
        request_hash -> Bytea,
        /// The answer, sealed; null only inside the transaction.
        response -> Nullable<Bytea>,
        /// Time after which the key may be used anew.
        expires_at -> Timestamptz,
    }
}

diesel::table! {
    /// What a user is in a clinic.
    memberships (clinic_id, id) {
        /// The membership's id.
        id -> Uuid,
        /// Clinic that the row belongs to; never changes.
        clinic_id -> Uuid,
        /// The user.
        user_id -> Uuid,
        /// What they may do there.
        role -> Text,
        /// Whether it lets them in.
        status -> Text,
        /// Who brought them in; null for the system.
        invited_by_user_id -> Nullable<Uuid>,
        /// When it was made.
        created_at -> Timestamptz,
        /// When it was last changed.
        updated_at -> Timestamptz,
        /// User who created the row; null if the server itself did.
        created_by -> Nullable<Uuid>,
        /// User who last changed the row; null if nobody has, or if the server itself did.
        updated_by -> Nullable<Uuid>,
        /// Counts its changes; give it as expectedVersion.
        version -> Int4,
        /// Time at which the row was removed; null while it is in use.
        deleted_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    /// Something the caller is told of. Everybody sees their own only.
    notifications (clinic_id, id) {
        /// The notification's id.
        id -> Uuid,
        /// User who is notified.
        recipient_user_id -> Uuid,
        /// Clinic that the row belongs to; never changes.
        clinic_id -> Uuid,
        /// What it tells of.
        kind -> Text,
        /// In a line.
        title -> Text,
        /// A little more.
        body -> Text,
        /// Where a dashboard leads from it; null for nowhere.
        link_path -> Nullable<Text>,
        /// The ticket it is about; null for none.
        ticket_id -> Uuid,
        /// Cause and recipient: nobody is notified twice of one thing.
        dedupe_key -> Text,
        /// When it was read; null before.
        read_at -> Nullable<Timestamptz>,
        /// When it was put away; null before.
        archived_at -> Nullable<Timestamptz>,
        /// When it was made.
        created_at -> Timestamptz,
    }
}

diesel::table! {
    /// What happened, written in the transaction of the change by the server's statement, never by a trigger: ids only, no content.
    outbox_events (id, created_at) {
        /// Counts up in the order in which it was drawn; transactions may commit in another.
        id -> Int8,
        /// Clinic concerned; null for the platform.
        clinic_id -> Nullable<Uuid>,
        /// The one user who is notified; null for everybody who may see the subject.
        user_id -> Nullable<Uuid>,
        /// clinic, or platform: the clinic does not even learn that the event exists.
        audience -> Text,
        /// Kind of the subject, as in its id.
        topic -> Text,
        /// Row that the event is about.
        subject_id -> Uuid,
        /// Row that the subject is part of, such as the ticket of a message; null for none.
        parent_id -> Nullable<Uuid>,
        /// What happened to the subject.
        kind -> Text,
        /// Fields that changed, as the API names them.
        changed -> Array<Text>,
        /// Time at which the row was created.
        created_at -> Timestamptz,
    }
}

diesel::table! {
    /// Somebody who treats patients in a clinic. Everybody who belongs to the clinic may see its providers.
    providers (clinic_id, id) {
        /// The provider's id.
        id -> Uuid,
        /// Clinic that the row belongs to; never changes.
        clinic_id -> Uuid,
        /// Their account; null for somebody who does not sign in.
        user_id -> Nullable<Uuid>,
        /// What stands before the name; null for nothing.
        title -> Nullable<Text>,
        /// Given name.
        first_name -> Text,
        /// Family name; null when they have none.
        last_name -> Nullable<Text>,
        /// Family and given name in lower case, so that lists can be ordered by it.
        sort_name -> Text,
        /// What patients read about them; null for nothing.
        bio -> Nullable<Text>,
        /// File with the provider's picture; null for none.
        photo_file_id -> Nullable<Uuid>,
        /// Their fields, in lower case.
        specialties -> Array<Text>,
        /// The languages they speak.
        languages -> Array<Text>,
        /// What they have learnt.
        qualifications -> Jsonb,
        /// The number of their licence; null when none is known.
        license_number -> Nullable<Text>,
        /// National Provider Identifier; null where the country has none.
        npi -> Nullable<Text>,
        /// For how long they have practised; null when not told.
        years_of_experience -> Nullable<Int2>,
        /// Their e-mail address; null when none is known.
        email -> Nullable<Text>,
        /// Their telephone; null when none is known.
        phone -> Nullable<Text>,
        /// Their colour in calendars: `#3B82F6`.
        color -> Text,
        /// Whether they work now.
        status -> Text,
        /// Whether people who are not their patients yet can book them.
        accepting_new_patients -> Bool,
        /// The ways they see patients.
        consultation_modes -> Array<Text>,
        /// What a consultation costs; null for no fixed fee.
        consultation_fee -> Nullable<Numeric>,
        /// Its currency.
        currency -> Text,
        /// How long an appointment with them takes; null for as long as in the clinic.
        default_duration_minutes -> Nullable<Int4>,
        /// Whether the platform has seen their credentials.
        verification_status -> Text,
        /// When they were entered.
        created_at -> Timestamptz,
        /// When they were last changed.
        updated_at -> Timestamptz,
        /// User who created the row; null if the server itself did.
        created_by -> Nullable<Uuid>,
        /// User who last changed the row; null if nobody has, or if the server itself did.
        updated_by -> Nullable<Uuid>,
        /// Counts their changes; give it as expectedVersion.
        version -> Int4,
        /// Time at which the row was removed; null while it is in use.
        deleted_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    /// A sign-in: an opaque random token, of which only the hash is stored.
    sessions (id) {
        /// Identifier of the row, a UUIDv7 that the server makes.
        id -> Uuid,
        /// User who signed in.
        user_id -> Uuid,
        /// SHA-256 of the token.
        token_hash -> Bytea,
        /// Clinic that the user acts in; null for administrators and people without a clinic.
        acting_clinic_id -> Nullable<Uuid>,
        /// Time at which the session ends by itself.
        expires_at -> Timestamptz,
        /// Time at which the session was ended early; null while it is valid.
        revoked_at -> Nullable<Timestamptz>,
        /// Time at which the user showed a second factor; null if they did not.
        mfa_at -> Nullable<Timestamptz>,
        /// Network address of the sign-in.
        ip -> Nullable<Inet>,
        /// Program of the sign-in.
        user_agent -> Nullable<Text>,
        /// Time at which the row was created.
        created_at -> Timestamptz,
    }
}

diesel::table! {
    /// A request for help, raised by a clinic and answered by the platform. Needs the permission `TICKETS_READ`.
    support_tickets (clinic_id, id) {
        /// The ticket's id.
        id -> Uuid,
        /// Clinic that the row belongs to; never changes.
        clinic_id -> Uuid,
        /// Counts up over the platform: what people say on the phone.
        number -> Int4,
        /// Who opened it; null when they cannot be seen any more.
        created_by_user_id -> Uuid,
        /// The administrator who works on it; null for nobody.
        assignee_id -> Nullable<Uuid>,
        /// The matter in a line.
        title -> Text,
        /// The matter in full.
        description -> Text,
        /// How much it presses.
        priority -> Text,
        /// Priority as a number, so that lists can be ordered by it.
        priority_rank -> Int2,
        /// Where it stands.
        status -> Text,
        /// By when a first answer is due; null for none.
        first_response_due_at -> Nullable<Timestamptz>,
        /// By when it should be solved; null for never.
        resolution_due_at -> Nullable<Timestamptz>,
        /// When an administrator first answered; null before.
        first_responded_at -> Nullable<Timestamptz>,
        /// When it was resolved; null while it is not.
        resolved_at -> Nullable<Timestamptz>,
        /// When it was closed; null while it is not.
        closed_at -> Nullable<Timestamptz>,
        /// When it was opened.
        created_at -> Timestamptz,
        /// When it was last changed or replied to.
        updated_at -> Timestamptz,
        /// User who created the row; null if the server itself did.
        created_by -> Nullable<Uuid>,
        /// User who last changed the row; null if nobody has, or if the server itself did.
        updated_by -> Nullable<Uuid>,
        /// Counts its changes; give it as expectedVersion.
        version -> Int4,
    }
}

diesel::table! {
    /// Something said on a ticket. Needs the permission `TICKETS_READ`.
    ticket_messages (clinic_id, id) {
        /// The message's id.
        id -> Uuid,
        /// Clinic that the row belongs to; never changes.
        clinic_id -> Uuid,
        /// The ticket.
        ticket_id -> Uuid,
        /// Who wrote it; null when they cannot be seen any more.
        author_user_id -> Uuid,
        /// The words.
        body -> Text,
        /// A note among administrators; a clinic never sees one.
        is_internal -> Bool,
        /// When it was written.
        created_at -> Timestamptz,
    }
}

diesel::table! {
    /// What signing in counts for a user; apart from users, which it would change with each attempt.
    user_sign_ins (user_id) {
        /// User who signs in.
        user_id -> Uuid,
        /// Time of the last sign-in; null before the first.
        last_login_at -> Nullable<Timestamptz>,
        /// Number of wrong passwords since the last right one.
        failed_sign_ins -> Int2,
        /// Time until which no password is checked, after too many wrong ones; null if the account is not locked.
        locked_until -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    /// A person who signs in. A clinic sees its own people, also those who left, and the platform's administrators by their names.
    users (id) {
        /// The user's id.
        id -> Uuid,
        /// E-mail address that the user signs in with, in lower case.
        email -> Text,
        /// Phone number in E.164 format; null if none is known.
        phone -> Nullable<Text>,
        /// Hash of the password by argon2id; null if the user has no password.
        password_hash -> Nullable<Text>,
        /// Given name.
        first_name -> Text,
        /// Family name; null when they have none.
        last_name -> Nullable<Text>,
        /// Whether they can sign in.
        status -> Text,
        /// Whether they run the platform and reach every clinic.
        is_platform_admin -> Bool,
        /// Clinics that the user belongs or belonged to, for the policy of this table; a trigger on memberships updates it.
        clinic_ids -> Array<Uuid>,
        /// Time at which the user proved that the e-mail address is theirs; null before.
        email_verified_at -> Nullable<Timestamptz>,
        /// Time at which the user proved that the phone number is theirs; null before.
        phone_verified_at -> Nullable<Timestamptz>,
        /// The language they read.
        locale -> Text,
        /// Their zone; null for that of the clinic.
        timezone -> Nullable<Text>,
        /// When they were made.
        created_at -> Timestamptz,
        /// When they were last changed.
        updated_at -> Timestamptz,
        /// User who created the row; null if the server itself did.
        created_by -> Nullable<Uuid>,
        /// User who last changed the row; null if nobody has, or if the server itself did.
        updated_by -> Nullable<Uuid>,
        /// Counts their changes; give it as expectedVersion.
        version -> Int4,
        /// Time at which the row was removed; null while it is in use.
        deleted_at -> Nullable<Timestamptz>,
    }
}

diesel::joinable!(clinic_closures -> clinics (clinic_id));
diesel::joinable!(clinic_configs -> clinics (clinic_id));
diesel::joinable!(clinic_hours -> clinics (clinic_id));
diesel::joinable!(clinics -> clinic_networks (network_id));
diesel::joinable!(idempotency_keys -> users (user_id));
diesel::joinable!(memberships -> clinics (clinic_id));
diesel::joinable!(providers -> clinics (clinic_id));
diesel::joinable!(providers -> users (user_id));
diesel::joinable!(sessions -> clinics (acting_clinic_id));
diesel::joinable!(sessions -> users (user_id));
diesel::joinable!(support_tickets -> clinics (clinic_id));
diesel::joinable!(ticket_messages -> users (author_user_id));
diesel::joinable!(user_sign_ins -> users (user_id));

diesel::allow_tables_to_appear_in_same_query!(
    audit_events,
    clinic_closures,
    clinic_configs,
    clinic_hours,
    clinic_networks,
    clinics,
    idempotency_keys,
    memberships,
    notifications,
    outbox_events,
    providers,
    sessions,
    support_tickets,
    ticket_messages,
    user_sign_ins,
    users,
);
