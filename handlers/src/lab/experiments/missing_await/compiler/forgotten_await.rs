pub async fn save(note: String) {
    std::future::ready(note).await;
}

pub async fn write(note: String) {
    save(note);
}
