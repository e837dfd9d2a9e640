//! What people do with their clinic: its configuration and closures.

use serde_json::{Value, json};

use crate::harness::Person;

impl Person {
    /// Adds a closure; returns it.
    pub async fn add_closure(&self, date: &str, name: Value) -> Value {
        let input = json!({ "date": date, "name": name });
        let selection = "{ clinicClosure { id date name version clinic { name } } }";
        self.change("addClinicClosure", input, selection).await["clinicClosure"].take()
    }

    /// Changes a closure; returns it.
    pub async fn change_closure(&self, input: Value) -> Value {
        let selection = "{ clinicClosure { id date name version } }";
        self.change("changeClinicClosure", input, selection).await["clinicClosure"].take()
    }

    /// Dates and names of the closures.
    pub async fn closures(&self) -> Value {
        let query = "{ clinic { closures { nodes { date name } } } }";
        self.ask(query, json!({})).await["clinic"]["closures"]["nodes"].take()
    }

    /// Updates the configuration; returns it.
    pub async fn update_config(&self, input: Value) -> Value {
        let selection = "{ clinicConfig {
            version
            booking { bufferMinutes maxNewPatientsPerWeek }
            language { defaultLanguage supportedLanguages greetings { language text } }
            care { transferPhone }
            privacy { transcriptRetentionDays effectiveTranscriptRetentionDays officerEmail }
        } }";
        self.change("updateClinicConfig", input, selection).await["clinicConfig"].take()
    }

    /// Version of the configuration.
    pub async fn config_version(&self) -> Value {
        self.ask("{ clinic { config { version } } }", json!({})).await["clinic"]["config"]["version"].take()
    }
}
