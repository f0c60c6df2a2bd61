pub async fn save(note: String) {
    std::future::ready(note).await;
}

pub fn write(note: String) {
    save(note).await;
}
