-- What can be said about the headline at its newest period, sentence by sentence.
SELECT said.time_period, said.cell_no, said.sentence_no, said.sentence
FROM said
WHERE said.rate_id = 'csam_reports_prosecuted'
ORDER BY said.cell_no, said.sentence_no;
