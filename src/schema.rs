// Generated from the migrations by `make schema`; do not edit.

diesel::table! {
    /// Who did what to which row, written by trigger in the transaction of the change; nobody may alter it.
    audit_events (occurred_at, id) {
        /// UUIDv7.
        id -> Uuid,
        /// Counts up in the order of writing; gaps come from rolled back transactions.
        seq -> Int8,
        /// When.
        occurred_at -> Timestamptz,
        /// Class of the actor; owner is somebody who works on the database itself.
        actor_kind -> Text,
        /// Who; null for the system. No foreign key: the trail outlives the account.
        actor_user_id -> Nullable<Uuid>,
        /// Their address at that time.
        actor_email -> Nullable<Text>,
        /// The clinic concerned; null for the platform.
        clinic_id -> Nullable<Uuid>,
        /// The patient concerned; null for none.
        patient_id -> Nullable<Uuid>,
        /// What was done.
        verb -> Text,
        /// The GraphQL field that did it; null for jobs and hands.
        operation -> Nullable<Text>,
        /// The kind of row, as in its id.
        resource_type -> Text,
        /// The row.
        resource_id -> Nullable<Uuid>,
        /// A list of { field, before, after } or, for secrets and free text, { field, redacted }.
        changes -> Json,
        /// Address the request came from.
        ip -> Nullable<Inet>,
        /// Program the request came from.
        user_agent -> Nullable<Text>,
        /// The request.
        request_id -> Nullable<Text>,
        /// Whether it was done; a refused attempt is kept too where that matters.
        success -> Bool,
        /// The reason given, where one is asked for.
        reason -> Nullable<Text>,
    }
}

diesel::table! {
    /// A day on which a clinic is closed, whatever its hours say.
    clinic_closures (id) {
        /// UUIDv7, made by the server.
        id -> Uuid,
        /// The clinic.
        clinic_id -> Uuid,
        /// The day, on the calendar of the clinic.
        date -> Date,
        /// What day it is; null when nobody said.
        name -> Nullable<Text>,
        /// When the row was made.
        created_at -> Timestamptz,
        /// When the row was last changed.
        updated_at -> Timestamptz,
        /// Who made it; null for the system.
        created_by -> Nullable<Uuid>,
        /// Who changed it last; null for the system.
        updated_by -> Nullable<Uuid>,
        /// Counts changes, for optimistic concurrency.
        version -> Int4,
    }
}

diesel::table! {
    /// How a clinic wants to be run: one row for each clinic, made with it.
    clinic_configs (id) {
        /// UUIDv7, made by the server.
        id -> Uuid,
        /// The clinic.
        clinic_id -> Uuid,
        /// Whether people who are no patients yet can register.
        accepting_new_patients -> Bool,
        /// Whether people can wait for a place.
        waitlist_enabled -> Bool,
        /// So many registrations in the clinic's week; null for any number.
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
        /// BCP 47 tag; one of the supported ones.
        default_language -> Text,
        /// BCP 47 tags of the languages callers are served in.
        supported_languages -> Array<Text>,
        /// A list of { language, text }.
        greetings -> Jsonb,
        /// Where calls are transferred to; E.164.
        transfer_phone -> Nullable<Text>,
        /// The pharmacy prescriptions go to.
        preferred_pharmacy_name -> Nullable<Text>,
        /// Its address.
        preferred_pharmacy_address -> Nullable<Text>,
        /// Its fax; E.164.
        preferred_pharmacy_fax -> Nullable<Text>,
        /// Who answers for privacy.
        officer_name -> Nullable<Text>,
        /// Their address; folded to lower case.
        officer_email -> Nullable<Text>,
        /// Their telephone; E.164.
        officer_phone -> Nullable<Text>,
        /// How long transcripts of calls are kept; null for the platform's default, 90.
        transcript_retention_days -> Nullable<Int4>,
        /// How long call logs are kept; null for the platform's default, 365.
        call_log_retention_days -> Nullable<Int4>,
        /// How long the audit trail is kept; null for the platform's default, 7.
        audit_retention_years -> Nullable<Int4>,
        /// When the row was made.
        created_at -> Timestamptz,
        /// When the row was last changed.
        updated_at -> Timestamptz,
        /// Who made it; null for the system.
        created_by -> Nullable<Uuid>,
        /// Who changed it last; null for the system.
        updated_by -> Nullable<Uuid>,
        /// Counts changes, for optimistic concurrency.
        version -> Int4,
        /// Who is booked when nobody is asked for; null for whoever is free.
        default_provider_id -> Nullable<Uuid>,
    }
}

diesel::table! {
    /// When a clinic is open: a row for each day of the week, on the wall clock of its zone.
    clinic_hours (id) {
        /// UUIDv7, made by the server.
        id -> Uuid,
        /// The clinic.
        clinic_id -> Uuid,
        /// Counted from Sunday, which is 0.
        day_of_week -> Int2,
        /// When it opens; null on a day it does not.
        opens_at -> Nullable<Time>,
        /// When it closes, before midnight; null on a day it does not open.
        closes_at -> Nullable<Time>,
        /// Whether it is closed all day.
        is_closed -> Bool,
        /// When the row was made.
        created_at -> Timestamptz,
        /// When the row was last changed.
        updated_at -> Timestamptz,
        /// Who made it; null for the system.
        created_by -> Nullable<Uuid>,
        /// Who changed it last; null for the system.
        updated_by -> Nullable<Uuid>,
        /// Counts changes, for optimistic concurrency.
        version -> Int4,
    }
}

diesel::table! {
    /// A group of clinics under one roof.
    clinic_networks (id) {
        /// UUIDv7, made by the server.
        id -> Uuid,
        /// What people call it.
        name -> Text,
        /// Readable name for addresses.
        slug -> Text,
        /// When the row was made.
        created_at -> Timestamptz,
        /// When the row was last changed.
        updated_at -> Timestamptz,
        /// Who made it; null for the system.
        created_by -> Nullable<Uuid>,
        /// Who changed it last; null for the system.
        updated_by -> Nullable<Uuid>,
        /// Counts changes, for optimistic concurrency.
        version -> Int4,
    }
}

diesel::table! {
    /// The tenant: a clinic with its own people, patients and data.
    clinics (id) {
        /// UUIDv7, made by the server.
        id -> Uuid,
        /// The network it belongs to; null for a clinic on its own.
        network_id -> Nullable<Uuid>,
        /// What people call it.
        name -> Text,
        /// Readable name for addresses; unique among living clinics.
        slug -> Text,
        /// What the clinic says of itself.
        description -> Nullable<Text>,
        /// Its logo, a file.
        logo_file_id -> Nullable<Uuid>,
        /// E.164.
        phone -> Nullable<Text>,
        /// Folded to lower case.
        email -> Nullable<Text>,
        /// Address of its web site.
        website -> Nullable<Text>,
        /// Street and house.
        address -> Nullable<Text>,
        /// City.
        city -> Nullable<Text>,
        /// Province, state or county.
        region -> Nullable<Text>,
        /// Postal code.
        postal_code -> Nullable<Text>,
        /// ISO 3166-1 alpha-2.
        country -> Nullable<Text>,
        /// IANA zone in which its wall clocks run; checked by the server.
        timezone -> Text,
        /// BCP 47 language tag.
        locale -> Text,
        /// ISO 4217.
        currency -> Text,
        /// Only pending and active clinics can be worked in.
        status -> Text,
        /// The plan the clinic is on.
        subscription_plan -> Text,
        /// When the plan ends; null when it does not.
        subscription_expires_at -> Nullable<Timestamptz>,
        /// Small open settings with documented keys.
        settings -> Jsonb,
        /// When the row was made.
        created_at -> Timestamptz,
        /// When the row was last changed.
        updated_at -> Timestamptz,
        /// Who made it; null for the system.
        created_by -> Nullable<Uuid>,
        /// Who changed it last; null for the system.
        updated_by -> Nullable<Uuid>,
        /// Counts changes, for optimistic concurrency.
        version -> Int4,
        /// When it was archived for good; null while it lives.
        deleted_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    /// The first answer to a keyed mutation, kept in the transaction that it answers for.
    idempotency_keys (user_id, key) {
        /// Whose key.
        user_id -> Uuid,
        /// The key as sent, and the position of the field in its operation.
        key -> Text,
        /// SHA-256 of what was asked.
        request_hash -> Bytea,
        /// The answer, sealed; null only inside the transaction.
        response -> Nullable<Bytea>,
        /// After this the key may be used anew.
        expires_at -> Timestamptz,
    }
}

diesel::table! {
    /// What a user is in a clinic.
    memberships (id) {
        /// UUIDv7, made by the server.
        id -> Uuid,
        /// The clinic.
        clinic_id -> Uuid,
        /// The user.
        user_id -> Uuid,
        /// What they may do there.
        role -> Text,
        /// Only active memberships let in.
        status -> Text,
        /// Who brought them in; null for the system.
        invited_by_user_id -> Nullable<Uuid>,
        /// When the row was made.
        created_at -> Timestamptz,
        /// When the row was last changed.
        updated_at -> Timestamptz,
        /// Who made it; null for the system.
        created_by -> Nullable<Uuid>,
        /// Who changed it last; null for the system.
        updated_by -> Nullable<Uuid>,
        /// Counts changes, for optimistic concurrency.
        version -> Int4,
        /// When they left; null while they belong.
        deleted_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    /// Message to one user about something that happened, written in the transaction of its cause.
    notifications (id) {
        /// UUIDv7, made by the server.
        id -> Uuid,
        /// User who is notified.
        recipient_user_id -> Uuid,
        /// Clinic that the notification is about; the nil UUID if it is about none.
        clinic_id -> Uuid,
        /// Kind of the notification: the event that it informs of.
        kind -> Text,
        /// Title of the notification, at most 300 characters.
        title -> Text,
        /// Text of the notification, at most 200 characters.
        body -> Text,
        /// Path of the page in the dashboard that shows the subject; null if there is none.
        link_path -> Nullable<Text>,
        /// Object that the notification is about.
        subject_id -> Uuid,
        /// Cause and recipient: each recipient is notified of a cause once.
        dedupe_key -> Text,
        /// Time at which the notification was read; null if it is unread.
        read_at -> Nullable<Timestamptz>,
        /// Time at which the notification was archived; null if it is not archived.
        archived_at -> Nullable<Timestamptz>,
        /// Time at which the notification was created.
        created_at -> Timestamptz,
        /// Kind of the object that the notification is about: the prefix of its ids.
        subject_type -> Text,
    }
}

diesel::table! {
    /// What happened, written in the transaction in which it did: ids only, no content.
    outbox_events (id, created_at) {
        /// Counts up in the order in which it was drawn; may be committed in another.
        id -> Int8,
        /// The clinic concerned; null for the platform.
        clinic_id -> Nullable<Uuid>,
        /// The one user who is told; null for everybody who may see the subject.
        user_id -> Nullable<Uuid>,
        /// platform: never told to the clinic, not even that it exists.
        audience -> Text,
        /// The kind of subject, as in its id.
        topic -> Text,
        /// The row it happened to.
        subject_id -> Uuid,
        /// What the subject is part of: the ticket of a message; null for nothing.
        parent_id -> Nullable<Uuid>,
        /// What happened.
        kind -> Text,
        /// The fields that changed, as the API names them.
        changed -> Array<Text>,
        /// When.
        created_at -> Timestamptz,
    }
}

diesel::table! {
    /// Somebody who treats patients in a clinic.
    providers (id) {
        /// UUIDv7, made by the server.
        id -> Uuid,
        /// The clinic.
        clinic_id -> Uuid,
        /// Their account; null for somebody who does not sign in.
        user_id -> Nullable<Uuid>,
        /// What stands before the name.
        title -> Nullable<Text>,
        /// Given name.
        first_name -> Text,
        /// Family name.
        last_name -> Nullable<Text>,
        /// Family and given name in lower case, so that lists can be ordered by it.
        sort_name -> Text,
        /// What patients read about them.
        bio -> Nullable<Text>,
        /// Their picture, a file.
        photo_file_id -> Nullable<Uuid>,
        /// Their fields, in lower case.
        specialties -> Array<Text>,
        /// BCP 47 tags of the languages they speak.
        languages -> Array<Text>,
        /// A list of { title, institution, year }.
        qualifications -> Jsonb,
        /// The number of their licence.
        license_number -> Nullable<Text>,
        /// National Provider Identifier, where the country has it.
        npi -> Nullable<Text>,
        /// For how long they have practised.
        years_of_experience -> Nullable<Int2>,
        /// Folded to lower case.
        email -> Nullable<Text>,
        /// E.164.
        phone -> Nullable<Text>,
        /// Their colour in calendars.
        color -> Text,
        /// Only active ones are offered.
        status -> Text,
        /// Whether people who are not their patients yet can book them.
        accepting_new_patients -> Bool,
        /// The ways they see patients.
        consultation_modes -> Array<Text>,
        /// What a consultation costs; null for no fixed fee.
        consultation_fee -> Nullable<Numeric>,
        /// ISO 4217.
        currency -> Text,
        /// How long an appointment with them takes; null for as long as in the clinic.
        default_duration_minutes -> Nullable<Int4>,
        /// Whether the platform has seen their credentials.
        verification_status -> Text,
        /// When the row was made.
        created_at -> Timestamptz,
        /// When the row was last changed.
        updated_at -> Timestamptz,
        /// Who made it; null for the system.
        created_by -> Nullable<Uuid>,
        /// Who changed it last; null for the system.
        updated_by -> Nullable<Uuid>,
        /// Counts changes, for optimistic concurrency.
        version -> Int4,
        /// When they were removed; null while they are there.
        deleted_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    /// A sign-in: an opaque random token, of which only the hash is kept.
    sessions (id) {
        /// UUIDv7, made by the server.
        id -> Uuid,
        /// Who signed in.
        user_id -> Uuid,
        /// SHA-256 of the token.
        token_hash -> Bytea,
        /// The clinic acted in; null for administrators and people without one.
        acting_clinic_id -> Nullable<Uuid>,
        /// After this the token is worth nothing.
        expires_at -> Timestamptz,
        /// When it was ended early; null while it holds.
        revoked_at -> Nullable<Timestamptz>,
        /// When a second factor was shown; null when none was.
        mfa_at -> Nullable<Timestamptz>,
        /// Address of the sign-in.
        ip -> Nullable<Inet>,
        /// Program of the sign-in.
        user_agent -> Nullable<Text>,
        /// When they signed in.
        created_at -> Timestamptz,
    }
}

diesel::table! {
    /// A request for help, raised by a clinic and answered by the platform.
    support_tickets (id) {
        /// UUIDv7, made by the server.
        id -> Uuid,
        /// The clinic that raised it.
        clinic_id -> Uuid,
        /// Counts up over the whole platform: what people say on the phone.
        number -> Int4,
        /// Who opened it.
        created_by_user_id -> Uuid,
        /// The administrator who works on it; null for nobody.
        assignee_id -> Nullable<Uuid>,
        /// The matter in a line.
        title -> Text,
        /// The matter in full.
        description -> Text,
        /// How much it presses.
        priority -> Text,
        /// Where it stands.
        status -> Text,
        /// By when a first answer is due.
        first_response_due_at -> Nullable<Timestamptz>,
        /// By when it should be solved.
        resolution_due_at -> Nullable<Timestamptz>,
        /// When an administrator first answered in public.
        first_responded_at -> Nullable<Timestamptz>,
        /// When it was last resolved; null while it is not.
        resolved_at -> Nullable<Timestamptz>,
        /// When it was closed; null while it is not.
        closed_at -> Nullable<Timestamptz>,
        /// When the row was made.
        created_at -> Timestamptz,
        /// When the row was last changed.
        updated_at -> Timestamptz,
        /// Who made it; null for the system.
        created_by -> Nullable<Uuid>,
        /// Who changed it last; null for the system.
        updated_by -> Nullable<Uuid>,
        /// Counts changes, for optimistic concurrency.
        version -> Int4,
        /// The priority as a number, so that lists can be ordered by it.
        priority_rank -> Int2,
    }
}

diesel::table! {
    /// What was said on a ticket.
    ticket_messages (id) {
        /// UUIDv7, made by the server.
        id -> Uuid,
        /// The clinic of the ticket.
        clinic_id -> Uuid,
        /// The ticket.
        ticket_id -> Uuid,
        /// Who wrote it.
        author_user_id -> Uuid,
        /// The words.
        body -> Text,
        /// A note among administrators: the policy hides it from the clinic.
        is_internal -> Bool,
        /// When it was written.
        created_at -> Timestamptz,
    }
}

diesel::table! {
    /// A person who signs in; what they may do comes from their memberships.
    users (id) {
        /// UUIDv7, made by the server.
        id -> Uuid,
        /// What they sign in with; folded to lower case.
        email -> Text,
        /// E.164.
        phone -> Nullable<Text>,
        /// argon2id; null when they have no password.
        password_hash -> Nullable<Text>,
        /// Given name.
        first_name -> Text,
        /// Family name.
        last_name -> Nullable<Text>,
        /// Only active users can sign in.
        status -> Text,
        /// Whether they run the platform and reach every clinic.
        is_platform_admin -> Bool,
        /// When the address was proved; null before.
        email_verified_at -> Nullable<Timestamptz>,
        /// When the number was proved; null before.
        phone_verified_at -> Nullable<Timestamptz>,
        /// BCP 47 language tag.
        locale -> Text,
        /// IANA zone; null for that of the clinic.
        timezone -> Nullable<Text>,
        /// When they last signed in.
        last_login_at -> Nullable<Timestamptz>,
        /// Wrong passwords since the last right one.
        failed_sign_ins -> Int2,
        /// Until when no sign-in is tried, after too many wrong passwords.
        locked_until -> Nullable<Timestamptz>,
        /// When the row was made.
        created_at -> Timestamptz,
        /// When the row was last changed.
        updated_at -> Timestamptz,
        /// Who made it; null for the system.
        created_by -> Nullable<Uuid>,
        /// Who changed it last; null for the system.
        updated_by -> Nullable<Uuid>,
        /// Counts changes, for optimistic concurrency.
        version -> Int4,
        /// When the account was closed; null while it lives.
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
    users,
);
